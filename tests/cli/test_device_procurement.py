"""What people lack becomes an order once two people have signed it, and is never ordered twice."""

import pytest

ROWS = """\
T-1,phone,Yealink,T54W,S1,,2025-03-11,,5200,home,P1,issued,
T-2,phone,Snom,D785,S2,,2026-01-08,,4800,home,,stock,
"""
CAME = "N-{n},phone,Yealink,T57W,S1{n},,,,{price},{site},,stock,\n"
PROCUREMENT = ("--procurement", "--by", "P3")


@pytest.fixture
def device(ordering):
    """Six clerks are to have a telephone each; one has it, and one more is in stock."""
    ordering.equip(ROWS, "currency: TWD\n")
    ordering.entitle("{phone: {}}")
    return ordering


def came(device, *tags, price=5000, site="home"):
    """Write rows of what came."""
    new = "".join(CAME.format(n=tag[2:], price=price, site=site) for tag in tags)
    file = device.policies / "devices.csv"
    file.write_text(file.read_text() + new)


def need(device):
    (found,) = device("procurement", "--json").document["needs"]
    return found


def test_what_is_lacking_and_not_in_stock_becomes_an_order_when_two_people_sign(device, contract):
    done = device("order", *PROCUREMENT, "--json")
    contract("device order", done.document)
    (lot,) = done.document["lots"]
    assert lot == {
        "kind": "phone", "models": [], "site": "home", "price": "4800", "holders": ["P3", "P4", "P5", "P6"],
    }  # fmt: skip
    assert (done.document["items"], done.document["cost"]) == ([], "19200")
    name = done.document["order"]
    text = device.approve(name, "P1").out
    assert "proposed  4 devices, about 19,200 TWD, asked for by P3" in text
    assert "4 phone for home  4800 each  P3, P4, P5, P6" in text
    assert "1 signature to come" in text
    assert device.orders()[0]["standing"] == "proposed"
    assert device.approve(name, "P2").code == 0
    assert device.orders()[0]["standing"] == "approved"
    contract("device orders", device("orders", "--json").document)
    assert f": commsroom device deliver {name} NEW" in device("orders").out


def test_what_is_on_order_is_not_to_be_bought_again(device, contract):
    name = device("order", *PROCUREMENT, "--json").document["order"]
    assert need(device)["to_buy"] == []
    assert need(device)["on_order"][0] == {"holder": "P3", "order": name}
    contract("device procurement", device("procurement", "--json").document)
    text = device("procurement").out
    assert f"on order {name}: 4 phone for P3, P4, P5, P6" in text
    assert "0 devices to buy" in text
    done = device("order", *PROCUREMENT)
    assert (done.code, done.err) == (1, f"error: nothing is left to order: it stands on {name}\n")


def test_who_joins_after_an_order_is_the_only_one_on_the_next(device):
    device.approved("--procurement")
    roster = device.policies / "people.csv"
    roster.write_text(
        roster.read_text() + "P7,Ed Roe,ed,office,clerk,home,staff,2023-04-01,,P1,en,\n"
    )
    done = device("order", *PROCUREMENT, "--json")
    assert done.document["lots"][0]["holders"] == ["P7"]


def test_one_who_left_leaves_what_was_ordered_for_them_to_who_came(device):
    device.approved("--procurement")
    device.estate.policy("people.csv", "P6,Di Fox,di,", "P8,Ed Roe,ed,")
    assert need(device)["to_buy"] == []
    assert [item["holder"] for item in need(device)["on_order"]] == ["P3", "P4", "P5", "P8"]


def test_whom_an_order_names_is_not_ordered_for_again_when_policy_names_another_model(device):
    device.approved("--procurement")
    device.estate.policy("positions.yml", "{phone: {}}", '{phone: {models: ["* T5*"]}}')
    assert need(device)["to_buy"] == ["P2"]  # who was to have the Snom of the stock


def test_what_came_is_counted_once_in_stock_or_on_order(device):
    name = device.approved("--procurement")
    came(device, "N-1", "N-2", price=5000)
    done = device("deliver", name, "N-1", "N-2")
    assert done.out.splitlines() == [
        f"N-1  delivered  in stock at home; order {name}; place 1/1",
        f"N-2  delivered  in stock at home; order {name}; place 1/2",
        "note: N-1 cost 5000, and 4800 was approved for 1/1",
        "note: N-2 cost 5000, and 4800 was approved for 1/2",
        "note: who is to have what came: commsroom device procurement",
    ]
    assert device.orders()[0]["delivered"] == {"1/1": "N-1", "1/2": "N-2"}
    assert "P3, P4, P5, P6; 2 came" in device("orders").out
    assert len(need(device)["from_stock"]) == 3
    assert len(need(device)["on_order"]) == 2
    assert device("issue", "N-1", "P6").code == 0
    assert (need(device)["issued"], need(device)["to_buy"]) == (2, [])
    came(device, "N-3", "N-4")
    device("deliver", name, "N-3", "N-4")
    assert device.orders()[0]["standing"] == "delivered"
    assert (need(device)["on_order"], need(device)["to_buy"]) == ([], [])


def test_an_order_that_expired_leaves_the_need_to_be_ordered(device):
    device("order", *PROCUREMENT, "--valid", "1d")
    later = device("procurement", "--as-of", "2199-01-01", "--json").document["needs"]
    assert later[0]["to_buy"] == ["P3", "P4", "P5", "P6"]


def test_a_kind_or_a_site_may_be_ordered_alone_and_the_rest_after(device):
    device.estate.policy("positions.yml", "{phone: {}}", "{phone: {}, computer: {}}")
    first = device("order", *PROCUREMENT, "--kind", "computer", "--json").document
    assert [lot["kind"] for lot in first["lots"]] == ["computer"]
    assert first["lots"][0]["price"] == ""
    assert "about 0 TWD and 6 of unknown price" in device("orders").out
    second = device("order", *PROCUREMENT, "--site", "home", "--json").document
    assert [lot["kind"] for lot in second["lots"]] == ["phone"]


def test_each_site_is_a_lot_of_its_own_and_what_comes_to_the_wrong_one_is_told(device):
    device.estate.policy("company.yml", "sites:\n", "sites:\n  port: {name: Port, country: TW}\n")
    lobby = "lobby: {name: Lobby, site: port, equipment: {phone: {}}}"
    device.equip(ROWS[: ROWS.index("T-2")], f"currency: TWD\nplaces: {{{lobby}}}\n")
    name = device.approved("--procurement")
    (order,) = device.orders()
    assert [(lot["site"], lot["holders"]) for lot in order["lots"]] == [
        ("home", ["P2", "P3", "P4", "P5", "P6"]), ("port", ["lobby"]),
    ]  # fmt: skip
    assert "to buy: " not in device("procurement").out
    came(device, "N-1", "N-2", site="port")
    done = device("deliver", name, "N-1", "N-2")
    assert device.orders()[0]["delivered"] == {"2/1": "N-1", "1/1": "N-2"}
    assert "note: N-2 is at port, and was ordered for home" in done.out


REFUSED = {
    "tags": (("T-1", *PROCUREMENT), "--procurement orders for people and places"),
    "kind without it": (("--kind", "phone", "--by", "P3"), "--ahead, --kind and --site are of"),
    "unknown kind": ((*PROCUREMENT, "--kind", "phones"), "'phones' is no kind of device"),
    "unknown site": ((*PROCUREMENT, "--site", "hme"), "'hme' is no site (did you mean 'home'?)"),
    "nobody": (("--procurement", "--by", "P9"), "there is no person 'P9' in the roster"),
    "nothing of it": ((*PROCUREMENT, "--kind", "fax"), "nothing is to be bought"),
}


@pytest.mark.parametrize(("words", "line"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_order_is_refused_in_one_line(device, words, line):
    done = device("order", *words)
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert done.err.startswith(f"error: {line}")
    assert device.orders() == []


def test_two_who_ask_at_once_do_not_order_for_one_need(device, monkeypatch):
    from commsroom.app import proposing

    real = proposing.equipping.procurement

    def meanwhile(*words, **more):
        found = real(*words, **more)
        monkeypatch.setattr(proposing.equipping, "procurement", real)
        assert device("order", *PROCUREMENT).code == 0
        return found

    monkeypatch.setattr(proposing.equipping, "procurement", meanwhile)
    done = device("order", *PROCUREMENT)
    assert done.code == 1
    assert done.err.startswith("error: another order proposed was recorded meanwhile")
    assert len(device.orders()) == 1


def test_a_device_that_is_not_what_was_ordered_does_not_come_for_it(device):
    device.estate.policy("positions.yml", "{phone: {}}", '{phone: {models: ["Yealink *"]}}')
    name = device.approved("--procurement")
    (device.policies / "devices.csv").write_text(
        device.HEADER + ROWS + "N-9,phone,Snom,D785,S9,,,,4800,home,,stock,\n"
    )
    done = device("deliver", name, "1/1=N-9")
    assert done.err == "error: N-9 is a Snom D785, and 1/1 Yealink *\n"
    done = device("deliver", name, "N-9")
    assert f"order {name} is to bring no such phone (Snom D785) any more as N-9" in done.err
