# Libraries that are headers alone: the program contains them, so its package carries their notices, and a list of them in the form of
# dpkg's status for whoever makes a bill of materials. Version and notice are those of the build machine.
set(JIDIAN_COMPILED_IN libcli11-dev nlohmann-json3-dev)

execute_process(
  COMMAND dpkg-query -W -f "Package: \${Package}\nStatus: \${Status}\nSource: \${source:Package}\nVersion: \${Version}\nArchitecture: \${Architecture}\n\n"
    ${JIDIAN_COMPILED_IN}
  OUTPUT_FILE ${CMAKE_CURRENT_BINARY_DIR}/compiled-in ERROR_QUIET)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/compiled-in DESTINATION share/doc/jidian)
foreach(library IN LISTS JIDIAN_COMPILED_IN)
  install(FILES /usr/share/doc/${library}/copyright DESTINATION share/doc/jidian RENAME copyright.${library})
endforeach()
