"""What a SISSO fit costs: estimate, processor time and memory for a table of 150 rows and 17 columns.

python examples/sisso.py                # dimension 3, complexity 3
python examples/sisso.py 7 4            # the paper's setting; half an hour
"""

import resource
import sys
import time

import numpy as np

from aiida_hezsp.sfmsd import SISSORegressor

dimension, complexity = (int(text) for text in sys.argv[1:3] or (3, 3))
rng = np.random.default_rng(0)
x = rng.uniform(0.5, 3.0, size=(150, 17))
y = 3.0 * x[:, 0] * x[:, 1] / x[:, 2] + 2.0 * np.exp(-x[:, 3] / x[:, 4]) + x[:, 5] + rng.normal(scale=0.1, size=150)

# A first fit of next to nothing, so that no compilation is counted.
SISSORegressor(dimension=2, complexity=2, subspace_size=5, metric="MaxAE").fit(x[:, :2], y)

model = SISSORegressor(
    dimension, complexity, subspace_size=10, metric="MaxAE", max_fits=100_000_000, max_seconds=7200.0, progress=print
)
begin = time.process_time()
model.fit(x, y)
seconds = time.process_time() - begin
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(model.text())
best = model.models_[-1]
print(f"{seconds:.1f} s of one core, {memory:.2f} GiB, RMSE {best.rmse:.3f}, MaxAE {best.max_ae:.3f}")
