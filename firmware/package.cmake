# What CPack is told: one package, DEB.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME jidian)
set(CPACK_PACKAGE_VENDOR Jidian)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "${JIDIAN_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "energy gateway: meters, durable record, telemetry")
set(CPACK_PACKAGE_DESCRIPTION
"Reads the meters of an industrial site over Modbus RTU and TCP, records every
reading durably in SQLite before anything else happens to it, and publishes
hash-chained batches over MQTT 5 until the receiving side confirms them.

The package brings the program, the profiles of meters, and a service of
systemd that begins once /etc/jidian/site.toml is there.")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/package)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR ON)  # files under /etc and /lib go into the package, not onto this machine
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${JIDIAN_PACKAGE_REVISION})
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
if(CMAKE_LIBRARY_ARCHITECTURE)
  include(${CMAKE_CURRENT_LIST_DIR}/architecture.cmake)
  jidian_debian_architecture(${CMAKE_LIBRARY_ARCHITECTURE} CPACK_DEBIAN_PACKAGE_ARCHITECTURE)
endif()

# The libraries it is linked with come from dpkg-shlibdeps. libcurl is loaded only by verbs that talk to the running gateway, so
# it is not among those. systemd makes the users and runs the service; its version is the one the unit was tried with.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libcurl4 | libcurl4t64, systemd (>= 252)")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
if(CMAKE_SYSROOT)
  # Which package a library is of stands in the notes that cross/sysroot.py made beside it.
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS
    ${CMAKE_SYSROOT}/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE} ${CMAKE_SYSROOT}/lib/${CMAKE_LIBRARY_ARCHITECTURE})
  set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_BINARY_DIR}/sysroot.cmake)
  file(CONFIGURE OUTPUT ${CPACK_PROJECT_CONFIG_FILE} CONTENT "set(ENV{DPKG_ADMINDIR} \"${CMAKE_SYSROOT}/var/lib/dpkg\")\n")
endif()
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates, systemd-timesyncd | time-daemon, udev")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_CURRENT_LIST_DIR}/debian/postinst
  ${CMAKE_CURRENT_LIST_DIR}/debian/prerm
  ${CMAKE_CURRENT_LIST_DIR}/debian/postrm
  ${CMAKE_CURRENT_LIST_DIR}/debian/conffiles)

include(CPack)
