"""Tax vectors through the production engine: those published here are as expected, and a comparison that could not fail would prove nothing."""

from __future__ import annotations

import copy
import json
from decimal import Decimal

import pytest

from connectors.files.connector import FileConnector
from service import rules_files, settings, solver
from service.app.conformance import NoVectors, check
from service.app.tax_cases import Ways
from tests.tools import ROOT, shared

HOME = settings.load({"HOME": "/nowhere"})
WAYS = Ways(lambda of, status: rules_files.rules(HOME, of, status=status), solver.best)
FILES = {name: (ROOT / f"tests/vectors/tax/{name}.json").read_text(encoding="utf-8") for name in ("us", "holding_us", "harvest_us")}
BY_ID = {v["id"]: v for text in FILES.values() for name, those in json.loads(text).items() if name.endswith("vectors") for v in those}


def run(*vectors, ways=WAYS, **more):
    return check(json.dumps({"vectors": vectors} | more), FileConnector.normalise, ways).differences


def changed(name, *path, to):
    vector = copy.deepcopy(BY_ID[name])
    place = vector
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return vector


@pytest.mark.parametrize("name", FILES)
def test_the_published_vectors_are_as_expected(name):
    report = check(FILES[name], FileConnector.normalise, WAYS)
    assert report.differences == ()
    told = json.loads(FILES[name])
    assert report.vectors == tuple(v["id"] for part in told if part.endswith("vectors") for v in told[part])


@pytest.mark.parametrize("name", FILES)
def test_they_are_the_shared_ones(name):
    assert json.loads(shared(f"vectors/tax/vectors_{name}.json").read_text(encoding="utf-8")) == json.loads(FILES[name])


YEAR_FIGURES = sorted(BY_ID["E02"]["expect"])


@pytest.mark.parametrize("figure", YEAR_FIGURES)
def test_a_cent_too_much_in_any_figure_of_a_year_is_a_difference(figure):
    expected = Decimal(str(BY_ID["E02"]["expect"][figure])) + Decimal("0.01")
    (found,) = run(changed("E02", "expect", figure, to=str(expected)))
    assert (found.vector, found.field) == ("E02", figure)
    assert Decimal(found.expected) - Decimal(found.got) == Decimal("0.01")


def test_half_a_cent_is_none():
    expected = Decimal(str(BY_ID["E02"]["expect"]["income_tax"])) + Decimal("0.005")
    assert run(changed("E02", "expect", "income_tax", to=str(expected))) == ()


@pytest.mark.parametrize("word", ["wages", "interest", "qdiv", "st", "lt", "stco", "ltco", "filing_status", "year"])
def test_each_word_of_an_input_is_used(word):
    other = {"filing_status": "married_joint", "year": 2022}.get(word, 123456)
    assert run(changed("C05", "input", word, to=other)) != ()


def test_so_are_collectibles_itemised_deductions_and_the_rate_of_the_state():
    assert run(changed("E02", "input", "coll", to=0)) != ()
    assert run(changed("C05", "input", "deduction", to=0)) != ()
    vector = changed("A02", "input", "state_rate", to="0.05")
    vector["expect"]["state_tax"] = "1"
    assert [d.field for d in run(vector)] == ["state_tax"]


@pytest.mark.parametrize(
    ("name", "path", "to", "field"),
    [
        ("P01", ("expect",), "long", "expect"),
        ("P01", ("first_long_date",), "2025-02-02", "first_long_date"),
        ("P01", ("tax_year",), 2024, "tax_year"),
        ("P01", ("sold",), "2025-02-01", "expect"),
        ("Z01", ("local", "expect"), "short", "local.expect"),
        ("Z01", ("local", "tax_year"), 2025, "local.tax_year"),
        ("Z01", ("local", "acquired"), "2025-03-11", "local.acquired"),
        ("Z01", ("utc", "expect"), "long", "utc.expect"),
        ("Z01", ("utc", "sold"), "2026-03-12", "utc.sold"),
        ("Z01", ("taxpayer_tz",), "UTC", "local.expect"),
        ("V01", ("expect", "objective_value"), "-3141.55", "objective_value"),
        ("V01", ("expect", "gain_over_nothing"), "2661.57", "gain_over_nothing"),
        ("V01", ("expect", "gain_over_harvest_everything"), "0.01", "gain_over_harvest_everything"),
        ("V01", ("expect", "tax_before"), "0.01", "tax_before"),
        ("V01", ("expect", "tax_after"), "0.01", "tax_after"),
        ("V01", ("expect", "carry_st_after"), "19381.01", "carry_st_after"),
        ("V01", ("expect", "carry_lt_after"), "25646.01", "carry_lt_after"),
        ("V01", ("expect", "st_net_after"), "-19380", "carry_st_after"),
        ("V01", ("lots", 0, "sell_cost"), "9.01", "objective_value"),
        ("V01", ("lots", 0, "unrealised"), "-1756", "objective_value"),
        ("V01", ("carry_value", "st"), "0.11", "objective_value"),
        ("V01", ("st_net_before",), "9000", "objective_value"),
    ],
)
def test_a_wrong_expectation_or_another_case_is_a_difference(name, path, to, field):
    assert field in [d.field for d in run(changed(name, *path, to=to))]


def test_of_an_optimum_another_point_is_none_where_it_is_told_rightly():
    """Several points share an optimum: what the vector's own comes to is compared, not which it is."""
    vector = copy.deepcopy(BY_ID["V01"])
    for name in ("st_net_after", "lt_net_after", "tax_after", "carry_st_after", "carry_lt_after"):
        del vector["expect"][name]
    assert run(vector) == ()
    vector["expect"] |= {"st_net_after": -1, "lt_net_after": -1, "tax_after": 0, "carry_st_after": 1, "carry_lt_after": 1}
    assert run(vector) == ()


def test_a_year_without_figures_is_a_difference_with_the_reason():
    (found,) = run(changed("A02", "input", "year", to=2031))
    assert (found.vector, found.field) == ("A02", "vector")
    assert "no figures for the tax year 2031" in found.got


# ------------------------------------------------------------------ what nobody would look at


def refused(*vectors, **more):
    with pytest.raises(NoVectors) as found:
        run(*vectors, **more)
    return list(found.value.says)


@pytest.mark.parametrize(
    ("name", "path", "to", "says"),
    [
        ("A02", ("input", "qualified"), 1, "vector A02: input.qualified is not known; there are year, filing_status, wages"),
        ("A02", ("input", "wages"), "much", "vector A02: input.wages is no amount"),
        ("A02", ("expect", "income_taxes"), 1, "vector A02: expect.income_taxes is not known; there are sch_d_line7"),
        ("A02", ("expect", "amt"), "none", "vector A02: expect.amt is no amount"),
        ("A02", ("expect",), {}, "vector A02: expect says nothing that is compared"),
        ("A02", ("expect", "state_tax"), 1, "vector A02: expect.state_tax goes with input.state_rate"),
        ("A02", ("setting",), 1, "vector A02: setting is not known"),
        ("P01", ("zone",), "UTC", "vector P01: zone is not known"),
        ("P01", ("expect",), "medium", 'vector P01: expect is "medium": it is one of short, long'),
        ("P01", ("first_long_date",), "soon", "vector P01: first_long_date is no day"),
        ("Z01", ("local", "term"), "long", "vector Z01: local.term is not known"),
        ("Z01", ("local", "tax_year"), "soon", "vector Z01: local.tax_year is no whole number"),
        ("V01", ("lots", 0, "gain"), 1, "vector V01: lots 1.gain is not known"),
        ("V01", ("wash_sales",), [], "vector V01: wash_sales is not known"),
        ("V01", ("expect", "value"), 1, "vector V01: expect.value is not known"),
    ],
)
def test_a_word_that_nobody_would_look_at_is_refused_by_name(name, path, to, says):
    assert any(found.startswith(says) for found in refused(changed(name, *path, to=to)))


def test_a_point_or_an_objective_left_out_is_named():
    vector = copy.deepcopy(BY_ID["V01"])
    del vector["expect"]["objective_value"], vector["expect"]["st_net_after"]
    assert [says.partition(" is ")[0].partition(" tells")[0] for says in refused(vector)] == [
        "vector V01: expect.objective_value",
        "vector V01: expect",
    ]
    instants = copy.deepcopy(BY_ID["Z01"])
    del instants["local"], instants["utc"]
    assert "nothing is compared" in refused(instants)[0]


def test_each_wrong_word_of_each_vector_is_named_and_nothing_is_run():
    wrong = [changed("A02", "input", "x", to=1), changed("P01", "y", to=1)]
    assert [says.partition(" is")[0] for says in refused(wrong[0], BY_ID["V01"], wrong[1])] == ["vector A02: input.x", "vector P01: y"]


@pytest.mark.parametrize("name", ["A02", "P01", "Z01", "V01"])
@pytest.mark.parametrize("junk", ["junk", None, 7, [], {}, ["junk"], {"junk": "junk"}])
def test_junk_in_any_place_is_refused_or_differs(name, junk):
    prose = {"id", "why", "kind", "source", "oracles"}

    def is_a_case(path, junk):
        """Another amount, no lots at all, or a lot of another name."""
        return (junk == 7 and path[-1] not in ("year", "tax_year")) or (path, junk) == (("lots",), []) or (path[-1], junk) == ("id", "junk")

    def places(told, path=()):
        for step, value in told.items() if isinstance(told, dict) else enumerate(told):
            if path or step not in prose:
                yield (*path, step)
                if isinstance(value, dict | list):
                    yield from places(value, (*path, step))

    for path in places(BY_ID[name]):
        if is_a_case(path, junk):
            continue
        vector = changed(name, *path, to=junk)
        try:
            found = [d.vector for d in run(vector)]
        except NoVectors as none:
            found = list(none.says)
        assert found, path


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (json.dumps({"vectors": [BY_ID["A02"]], "count": 2}), "it counts 2 vectors and has 1"),
        (json.dumps({"vectors": [BY_ID["A02"], {"id": "b"}]}), "vector 2 is no case of taxes"),
        (json.dumps({"vectors": [BY_ID["A02"], BY_ID["A02"]]}), "it has two vectors A02"),
        (json.dumps({"vectors": [BY_ID["A02"], BY_ID["A04"] | {"id": ""}]}), "vector 2 has no id"),
        (json.dumps({"date_vectors": [BY_ID["P01"]], "timestamp_vectors": []}), 'its list "timestamp_vectors" is empty'),
        (json.dumps({"date_vectors": {}, "timestamp_vectors": [BY_ID["Z01"]]}), 'it has no list "date_vectors"'),
        ('{"vectors": [{"id": "a", "input": {"year": 2026, "year": 2025}}]}', "year stands twice"),
        ('{"vectors": [{"id": "a", "input": {"wages": NaN}}]}', "NaN"),
    ],
)
def test_a_file_that_is_none_is_refused_by_name(text, says):
    with pytest.raises(NoVectors) as refusal:
        check(text, FileConnector.normalise, WAYS)
    assert says in str(refusal.value)


def test_numbers_of_lot_vectors_stay_text():
    text = '{"format": "neutral-lot-vectors/1", "vectors": [{"id": "a", "input": {"wages": 1.5}}]}'
    with pytest.raises(NoVectors, match=r"the number 1\.5 is not in quotes"):
        check(text, FileConnector.normalise, WAYS)
