// A plugin of qemu's user-mode emulation: counts the instructions that the emulated program executes, in all its
// threads, into the first eight bytes of a file that others may read at any time. Built and loaded by bench_armhf.py.
//
// Debian ships no header for plugins; what is used of their interface (version 1) is declared here.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>

struct qemu_plugin_tb;
struct qemu_info_t;

extern "C" {
using TranslateHook = void (*)(std::uint64_t plugin, qemu_plugin_tb* block);
using ExecuteHook = void (*)(unsigned int cpu, void* told);
void qemu_plugin_register_vcpu_tb_trans_cb(std::uint64_t plugin, TranslateHook hook);
void qemu_plugin_register_vcpu_tb_exec_cb(qemu_plugin_tb* block, ExecuteHook hook, int registers_used, void* told);
std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb* block);

[[gnu::visibility("default")]] int qemu_plugin_version = 1;
[[gnu::visibility("default")]] int qemu_plugin_install(std::uint64_t plugin, const qemu_info_t* info, int count,
                                                       char** arguments);
}

namespace {

std::atomic<std::uint64_t>* executed = nullptr;

void on_execute(unsigned int, void* instructions) {
  executed->fetch_add(reinterpret_cast<std::uintptr_t>(instructions), std::memory_order_relaxed);
}

void on_translate(std::uint64_t, qemu_plugin_tb* block) {
  constexpr int no_registers = 0;
  const std::size_t instructions = qemu_plugin_tb_n_insns(block);
  qemu_plugin_register_vcpu_tb_exec_cb(block, on_execute, no_registers, reinterpret_cast<void*>(instructions));
}

}  // namespace

int qemu_plugin_install(std::uint64_t plugin, const qemu_info_t*, int count, char** arguments) {
  constexpr std::string_view wanted = "into=";
  const std::string_view first = count == 1 ? arguments[0] : "";
  if (!first.starts_with(wanted)) return std::fputs("count_instructions: write into=FILE\n", stderr), 1;
  const int file = ::open(arguments[0] + wanted.size(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (file < 0 || ::ftruncate(file, sizeof *executed) != 0) return std::perror(arguments[0]), 1;
  void* place = ::mmap(nullptr, sizeof *executed, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (place == MAP_FAILED) return std::perror(arguments[0]), 1;
  executed = static_cast<std::atomic<std::uint64_t>*>(place);
  qemu_plugin_register_vcpu_tb_trans_cb(plugin, on_translate);
  return 0;
}
