// All kernels of one instruction set; included by kernels_*.cpp inside the set's namespace with LANES defined.
#include "vectors.hpp"
#include "products.hpp"
#include "gates.hpp"
#include "edges.hpp"
#include "angles.hpp"

static const Kernels kernels = {SET_NAME,        edges_forward,  edges_backward,  bonds_forward, bonds_backward,
                                angles_forward,  angles_backward, multiply,       interpolate,   silu};
