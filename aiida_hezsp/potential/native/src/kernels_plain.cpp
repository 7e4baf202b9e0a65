// Vectors of four: every processor has them.
#include "tasks.hpp"

namespace hezsp {
namespace plain {
#define LANES 4
#define SET_NAME "plain"
#include "kernels.hpp"
}  // namespace plain

const Kernels& plain_kernels() { return plain::kernels; }

}  // namespace hezsp
