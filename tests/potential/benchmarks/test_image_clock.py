import pytest

from aiida_hezsp.potential.benchmarks.image_clock import ImageClock, Mark


def clock_of(*marks):
    clock = ImageClock()
    clock.marks = [Mark(*mark) for mark in marks]
    return clock


def test_what_begins_an_epoch_is_not_counted():
    # Two epochs of 5 images in batches of 2, 2, 1; the second begins after 100 s of validation.
    clock = clock_of(
        (2, False, 50.0, 60.0),
        (4, False, 54.0, 68.0),
        (5, True, 56.0, 72.0),
        (7, False, 160.0, 300.0),
        (9, False, 164.0, 308.0),
        (10, True, 166.0, 312.0),
    )
    assert clock.per_image() == pytest.approx((6, 2.0, 4.0))


def test_a_single_update_an_epoch_counts_nothing():
    assert clock_of((4, True, 1.0, 1.0), (8, True, 2.0, 2.0)).per_image() == (0, 0.0, 0.0)


def test_marks_know_the_end_of_an_epoch():
    clock = ImageClock()
    for done in (2, 4, 6, 8):
        clock.mark(done, 4)
    assert [mark.completes for mark in clock.marks] == [False, True, False, True]
    walls = [mark.wall for mark in clock.marks]
    assert walls == sorted(walls)
