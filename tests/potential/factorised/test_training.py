"""Losses and gradients by the weights against stock chgnet."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from aiida_hezsp.potential import load_model
from aiida_hezsp.potential.factorised.evaluator import FactorisedNetwork
from aiida_hezsp.potential.finetune_settings import LossWeights
from aiida_hezsp.potential.loss import Labels, counts, loss_function, partial_loss
from aiida_hezsp.potential.network import StockNetwork, make_network
from aiida_hezsp.potential.prediction import make_graphs, predict_images


def loss_of(network, images):
    labels = Labels.of(images)
    output = network.predict(make_graphs(network, images), stress=True, magmoms=True, training=True)
    return partial_loss(output, labels, counts(labels), LossWeights(), loss_function("MSE"))


@pytest.mark.parametrize("name", ["0.2.0", "0.3.0", "r2scan"])
def test_loss_and_its_gradients_are_stocks(name, images):
    model, chosen = load_model(name), images.select([0, 13, 20, 22])
    chosen = replace(chosen, forces=chosen.forces + 0.1, energies=chosen.energies - 0.5, magmoms=chosen.magmoms + 0.3)
    gradients = []
    for network in (StockNetwork(model), FactorisedNetwork(model)):
        model.zero_grad()
        loss = loss_of(network, chosen)
        loss.backward()
        gradients.append((float(loss), {key: p.grad for key, p in model.named_parameters() if p.grad is not None}))
    (stock_loss, stock), (our_loss, ours) = gradients
    assert our_loss == pytest.approx(stock_loss, rel=1e-4)
    scale = max(float(gradient.abs().max()) for gradient in stock.values())
    for key, gradient in ours.items():
        torch.testing.assert_close(gradient, stock[key], rtol=2e-3, atol=5e-4 * scale, msg=key)
    # What stock has beside: the last update of the angles, whose gradient is nothing.
    assert all(float(stock[key].abs().max()) == 0 for key in stock.keys() - ours.keys())
    assert all("angle_layers.2" in key for key in stock.keys() - ours.keys())


@pytest.mark.slow
def test_twenty_steps_of_an_optimizer_follow_stock(images):
    chosen = images.select([0, 7, 13, 20])
    losses = []
    for kind in (StockNetwork, FactorisedNetwork):
        network = kind(load_model("0.3.0"))
        optimizer = torch.optim.RAdam(network.model.parameters(), lr=1e-3)
        path = []
        for _ in range(20):
            optimizer.zero_grad()
            loss = loss_of(network, chosen)
            loss.backward()
            optimizer.step()
            path.append(float(loss))
        losses.append(path)
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)
    assert losses[1][-1] < 0.7 * losses[1][0]


def test_batches_of_different_structures_are_what_each_is_alone(images, pbe):
    network = make_network(pbe)
    assert isinstance(network, FactorisedNetwork)
    graphs = make_graphs(network, images.select([0, 6, 12, 18, 1]))
    alone, together = (predict_images(network, graphs, micro_batch=size) for size in (1, 5))
    for name, value in vars(alone).items():
        np.testing.assert_allclose(getattr(together, name), value, atol=1e-4, err_msg=name)


def test_a_structure_without_angles_in_a_batch_is_what_it_is_alone():
    network = FactorisedNetwork(load_model("0.2.0"))  # the model whose bonds change wherever there is an angle
    cell = np.eye(3) * 15
    lonely = network.graph(np.array([3, 8]), np.array([[0.0, 0, 0], [1.8, 0, 0]]), cell)
    angled = network.graph(np.array([3, 8, 8]), np.array([[0.0, 0, 0], [1.8, 0, 0], [0, 1.9, 0]]), cell)
    together = predict_images(network, [lonely, angled], micro_batch=2)
    alone = predict_images(network, [lonely, angled], micro_batch=1)
    np.testing.assert_allclose(together.energies, alone.energies, atol=1e-6)
    np.testing.assert_allclose(together.forces, alone.forces, atol=1e-5)


def test_dropout_falls_back_to_stock():
    from chgnet.model import CHGNet

    assert isinstance(make_network(CHGNet(conv_dropout=0.1)), StockNetwork)
    assert isinstance(make_network(copy.deepcopy(load_model("0.3.0"))), FactorisedNetwork)
