#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/places.h"
#include "tests/support/temporary_folder.h"

namespace kiln {

inline std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct ProgramResult {
  int code = -1;  ///< Exit code; 128 + signal when killed.
  std::string out, err;
};

/// Runs a program with its own standard streams.  `while_running` is called every 5 ms with the
/// process id; `in_child` is called in the new process before the program starts.
inline ProgramResult run_program(const std::string& program,
                                 const std::vector<std::string>& arguments,
                                 const std::function<void(pid_t)>& while_running = {},
                                 const std::function<void()>& in_child = {}) {
  TemporaryFolder streams;
  const auto out = (streams / "out").string(), err = (streams / "err").string();
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    dup2(open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
    dup2(open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
    if (in_child) in_child();
    execv(program.c_str(), argv.data());
    _exit(127);
  }
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (while_running) while_running(child);
    usleep(5000);
  }
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), contents(out),
          contents(err)};
}

/// Runs the program `kiln` of this build.
inline ProgramResult run_kiln(const std::vector<std::string>& arguments,
                              const std::function<void(pid_t)>& while_running = {},
                              const std::function<void()>& in_child = {}) {
  return run_program(program_path(), arguments, while_running, in_child);
}

}  // namespace kiln
