"""An order is its text: what two people signed stays what they signed, whatever else orders learn."""

from datetime import date

from commsroom.estate.register.orders import Item, Lot, Order

DAYS = (date(2026, 11, 26), date(2026, 12, 26))
ITEM = Item("T-1", "phone", "Snom D785", "L001", "4800", ("bought 2018-01-08, 8.9 years ago",))
LOTS = (
    Lot("phone", ("Yealink *",), "taipei", "5200", ("L001", "L002")),
    Lot("computer", (), "kaohsiung", "", ("L003",)),
)


def test_the_text_of_a_renewal_is_that_of_before_orders_had_lots():
    order = Order("e-1", "L003", *DAYS, "TWD", (ITEM,))
    assert order.name == "830ba854ddc9"
    assert b"lots" not in order.document


def test_what_the_ledger_keeps_of_an_order_is_the_whole_of_it():
    for order in (
        Order("e-1", "L003", *DAYS, "TWD", (ITEM,)),
        Order("e-1", "L003", *DAYS, "", lots=LOTS),
    ):
        assert Order.from_json(order.to_json()) == order


def test_each_device_that_is_to_come_has_a_place():
    order = Order("e-1", "L003", *DAYS, "", lots=LOTS)
    assert order.places == ("1/1", "1/2", "2/1")
    assert Order("e-1", "L003", *DAYS, "", (ITEM,)).places == ("T-1",)
