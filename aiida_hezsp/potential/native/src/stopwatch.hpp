// The time between construction and destruction, added to a total.
#pragma once

#include <chrono>

namespace hezsp {

class Stopwatch {
  public:
    explicit Stopwatch(double& total) : total_(total), begin_(Clock::now()) {}
    ~Stopwatch() { total_ += std::chrono::duration<double>(Clock::now() - begin_).count(); }

  private:
    using Clock = std::chrono::steady_clock;
    double& total_;
    Clock::time_point begin_;
};

}  // namespace hezsp
