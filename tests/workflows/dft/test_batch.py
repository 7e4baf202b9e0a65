"""Of calculations that were submitted twice, as a killed daemon does, the ionic steps count once."""

from aiida import orm
from aiida.common import LinkType

from aiida_hezsp.workflows.dft.batch import without_repetitions


def test_repeated_calculations_count_once(localhost):
    first, second = (orm.StructureData(cell=[[4, 0, 0], [0, 4, 0], [0, 0, length]]) for length in (4, 5))
    for node in (first, second):
        node.append_atom(symbols="Al", position=(0, 0, 0))
        node.store()

    def job(structure, nelm, exit_status):
        node = orm.CalcJobNode(computer=localhost, process_type="aiida.calculations:vasp.vasp")
        node.set_option("resources", {"num_machines": 1})
        for label, value in (("structure", structure), ("parameters", orm.Dict({"nelm": nelm, "nsw": 9}).store())):
            node.base.links.add_incoming(value, LinkType.INPUT_CALC, label)
        node.store()
        node.set_exit_status(exit_status)
        return node

    # submitted twice; continued from the last geometry; killed, and the same done again; with more electronic steps
    twice, once_more = job(first, 60, 702), job(first, 60, 702)
    whole, killed = job(second, 60, 0), job(second, 60, 700)
    changed = job(second, 150, 0)
    found = without_repetitions([changed, killed, whole, once_more, twice], (0, 702))
    assert [node.pk for node in found] == [once_more.pk, whole.pk, changed.pk]
    assert without_repetitions([killed], (0, 702)) == [killed]
    assert without_repetitions([], (0, 702)) == []
