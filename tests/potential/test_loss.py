from dataclasses import replace

import numpy as np
import pytest
import torch
from chgnet.trainer.trainer import CombinedLoss

from aiida_hezsp.potential.finetune_settings import LossWeights
from aiida_hezsp.potential.loss import Labels, counts, loss_function, partial_loss
from aiida_hezsp.potential.network import Output, StockNetwork
from aiida_hezsp.potential.prediction import make_graphs

WEIGHTS = LossWeights(energy=1.0, forces=2.0, stress=0.1, magmoms=0.3)


@pytest.fixture
def chosen(images):
    """LiF without moments, NiO with, Li2O without stress."""
    three = images.select([0, 20, 12])
    stresses = three.stresses.copy()
    stresses[2] = np.nan
    return replace(three, stresses=stresses)


def stock_loss(chosen, output, kind):
    tensors = {"e": torch.tensor(chosen.energies_per_atom, dtype=torch.float32)}
    sizes = chosen.n_atoms.tolist()
    wanted = {"f": chosen.forces, "m": chosen.magmoms}
    for key, value in wanted.items():
        tensors[key] = list(torch.tensor(value, dtype=torch.float32).split(sizes))
    tensors["s"] = list(torch.tensor(chosen.stresses, dtype=torch.float32))
    prediction = {
        "e": output.energies,
        "f": output.forces.split(sizes),
        "s": list(output.stresses),
        "m": output.magmoms.split(sizes),
    }
    ratios = {"energy_loss_ratio": 1.0, "force_loss_ratio": 2.0, "stress_loss_ratio": 0.1, "mag_loss_ratio": 0.3}
    return CombinedLoss(target_str="efsm", criterion=kind, **ratios)(tensors, prediction)["loss"]


@pytest.mark.parametrize("kind", ["MSE", "MAE", "Huber"])
def test_loss_and_gradients_are_chgnets_and_micro_batches_add_up(chosen, pbe, kind):
    network, labels = StockNetwork(pbe), Labels.of(chosen)
    graphs = make_graphs(network, chosen)
    weight = pbe.atom_conv_layers[1].twoBody_atom.mlp_core.layers[0].weight

    def predict(part):
        return network.predict(part, stress=True, magmoms=True, training=True)

    expected = stock_loss(chosen, predict(graphs), kind)
    wanted = torch.autograd.grad(expected, weight)[0]
    number, total, gradient = counts(labels), 0.0, torch.zeros_like(weight)
    for part in (slice(0, 1), slice(1, 3)):
        share = partial_loss(predict(graphs[part]), labels[part], number, WEIGHTS, loss_function(kind))
        total += float(share)
        gradient += torch.autograd.grad(share, weight)[0]
    assert total == pytest.approx(float(expected), rel=1e-5)
    torch.testing.assert_close(gradient, wanted, rtol=1e-3, atol=2e-5 * float(wanted.abs().max()))


def test_counts_leave_missing_labels_out(chosen):
    assert counts(Labels.of(chosen)) == {"energy": 3, "forces": 21, "stress": 18, "magmoms": 2}


def test_a_batch_without_moments_has_no_loss_of_moments(images):
    chosen = images.select([0, 1])
    labels = Labels.of(chosen)
    perfect = Output(
        torch.tensor(chosen.energies_per_atom),
        torch.tensor(chosen.forces),
        torch.tensor(chosen.stresses),
        torch.full((4,), 7.0),
    )
    assert float(partial_loss(perfect, labels, counts(labels), WEIGHTS, loss_function("MSE"))) == 0.0
