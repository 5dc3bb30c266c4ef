#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace kiln {

/// A server of files on this machine's own address, for one test.  Files may be put and taken, and
/// its manners changed, between requests.
class LocalServer {
 public:
  struct Manners {
    bool ranges = true;         ///< Begins in the middle when asked.
    std::size_t cut_after = 0;  ///< Closes after so many bytes of a body; 0: never.
    std::string redirect;       ///< Sends everybody to this address instead.
  };

  LocalServer() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, any, length) != 0 || ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, any, &length) != 0)
      throw std::runtime_error("no local server");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~LocalServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  std::string address() const { return fmt::format("http://127.0.0.1:{}", port_); }
  void put(const std::string& name, const std::string& content) {
    const std::lock_guard lock(mutex_);
    files_["/" + name] = content;
  }
  void behave(const Manners& manners) {
    const std::lock_guard lock(mutex_);
    manners_ = manners;
  }
  /// "NAME" or "NAME from N" for each request so far.
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    for (;;) {
      const int client = ::accept(listener_, nullptr, nullptr);
      if (client < 0) return;
      const auto answer = answer_to(head_of(client));
      std::size_t sent = 0;
      while (sent < answer.size()) {
        const auto n = ::send(client, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) break;
        sent += static_cast<std::size_t>(n);
      }
      ::close(client);
    }
  }

  static std::string head_of(int client) {
    std::string head;
    char piece[4096];
    while (head.find("\r\n\r\n") == std::string::npos) {
      const auto n = ::recv(client, piece, sizeof(piece), 0);
      if (n <= 0) break;
      head.append(piece, static_cast<std::size_t>(n));
    }
    return head;
  }

  std::string answer_to(const std::string& head) {
    const std::lock_guard lock(mutex_);
    const auto path = head.substr(4, head.find(' ', 4) - 4);
    const auto range = head.find("Range: bytes=");
    std::size_t first = 0;
    if (range != std::string::npos) first = std::stoul(head.substr(range + 13));
    requests_.push_back(path.substr(1) + (first > 0 ? fmt::format(" from {}", first) : ""));
    if (!manners_.redirect.empty())
      return "HTTP/1.1 302 Found\r\nLocation: " + manners_.redirect + path +
             "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    const auto file = files_.find(path);
    if (file == files_.end()) return status("404 Not Found");
    if (!manners_.ranges) first = 0;
    const auto& content = file->second;
    if (first > 0 && first >= content.size())
      return status("416 Range Not Satisfiable",
                    fmt::format("Content-Range: bytes */{}\r\n", content.size()));
    auto body = content.substr(first);
    auto answer = fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\n",
                              first > 0 ? "206 Partial Content" : "200 OK", body.size());
    if (first > 0)
      answer += fmt::format("Content-Range: bytes {}-{}/{}\r\n", first, content.size() - 1,
                            content.size());
    if (manners_.cut_after > 0) body = body.substr(0, manners_.cut_after);
    return answer + "\r\n" + body;
  }

  static std::string status(const std::string& what, const std::string& more = "") {
    return "HTTP/1.1 " + what + "\r\n" + more + "Content-Length: 0\r\nConnection: close\r\n\r\n";
  }

  int listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> files_;
  Manners manners_;
  std::vector<std::string> requests_;
};

}  // namespace kiln
