import pytest
from aiida import orm
from aiida.common.exceptions import NotExistent

from aiida_hezsp.provenance.identifiers import find_node


def node_beginning_with_digits():
    """Return a stored node whose UUID begins with eight decimal digits, as one in forty does."""
    for _ in range(5000):
        node = orm.Dict({"a": 1})
        if node.uuid[:8].isdigit():
            return node.store()
    raise AssertionError


def test_a_uuid_may_begin_with_digits_alone(aiida_profile_clean):
    node = node_beginning_with_digits()
    assert find_node(node.uuid[:8]).uuid == node.uuid
    assert find_node(str(node.pk)).uuid == node.uuid
    assert find_node(node.uuid).uuid == node.uuid


def test_a_short_number_is_a_pk_and_nothing_else(aiida_profile_clean):
    node = node_beginning_with_digits()
    with pytest.raises(NotExistent):
        find_node(node.uuid[:5])


@pytest.mark.parametrize("text", ["2147483648", "9" * 20])
def test_a_number_too_large_for_the_database_is_no_node(aiida_profile_clean, text):
    with pytest.raises(NotExistent):
        find_node(text)


def test_labels(aiida_profile_clean):
    node = orm.Dict({"a": 1}, label="imported").store()
    assert find_node("imported").uuid == node.uuid
