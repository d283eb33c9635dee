from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from myograph.db import patients, pressures, scores, session_settings, sessions, statistics
from myograph.db.pool import open_pool
from myograph.db.scoring import Known, KnownPatient
from myograph.db.session_settings import SessionSettings
from myograph.errors import BadInput, NotFound
from myograph.scoring.configuration import DEFAULT, GHOSTLY_TRIAL
from myograph.services.choose_inputs import chosen_configuration, chosen_inputs
from myograph.services.rescore_session import give_up, rescore_session
from tests.faults.place import wait_for
from tests.game_files import START, game_file

NOBODY = Known((), {}, None, None, None, DEFAULT)
LEFT = {"CH1": {"muscle": "quadriceps", "side": "left"}}
RIGHT = {"CH1": {"muscle": "quadriceps", "side": "right"}}
PATIENT = KnownPatient(None, None, None, None)


def said(**changes):
    plain = SessionSettings(
        session_id=None,
        mvc_calculation_method="backend_calculated",
        mvc_threshold_percentage=0.75,
        mvc_user_left_quad=None,
        mvc_user_right_quad=None,
        duration_threshold_seconds=2.0,
        duration_threshold_left_quad=None,
        duration_threshold_right_quad=None,
        targets=None,
        target_contractions_per_muscle=None,
        bfr_enabled=None,
        bfr_target_pressure_aop=50,
        channel_assignment=None,
        rpe_post_session=None,
        accepted_poor_channels=[],
    )
    return replace(plain, **changes)


@pytest.fixture
def pool(database):
    with open_pool(database.url("myograph_work"), size=3) as pool:
        yield pool


@pytest.fixture
def analysed(upload, run_queue, clinic):
    received = upload(patient_code="P001")
    run_queue()
    return received.session_id


def test_scoring_the_rows_again_changes_no_row(analysed, database, pool):
    def versions():
        with database.connect("myograph_work") as conn:
            return conn.execute(
                "SELECT xmin::text, c.* FROM contractions c ORDER BY channel, number"
            ).fetchall()

    before = versions()
    assert rescore_session(pool, analysed, pseudonym_key="a key")
    assert versions() == before


def assign(database, person, session_id, **words):
    with database.as_person(person) as conn:
        session_settings.assign(conn, session_id, **words)


def score_of(database, clinic, session_id):
    with database.as_person(clinic.admin) as conn:
        return scores.of_session(conn, session_id)


def test_legs_that_are_said_later_give_scores_without_the_file(
    database, clinic, store, analysed, run_queue
):
    assert score_of(database, clinic, analysed).overall_performance_score is None
    with database.as_person(clinic.therapist) as conn:
        store.delete(sessions.get(conn, clinic.therapist, analysed).object_key)
    assign(database, clinic.therapist, analysed, left="CH1", right="CH2")
    run_queue()
    score = score_of(database, clinic, analysed)
    assert score.overall_performance_score is not None
    assert score.input_sources["sides"] == "person"
    with database.as_person(clinic.therapist) as conn:
        sides = [c.side for c in statistics.of_session(conn, analysed)]
        row = sessions.newest(conn, clinic.therapist)[0]
    assert sides == ["left", "right"]
    assert row.analytics_cache["overall"] == score.overall_performance_score


def test_a_person_is_believed_before_the_file(database, clinic, upload, run_queue):
    received = upload(game_file(newer={"RPE_POST_SESSION": 3.0}), patient_code="P001")
    run_queue()
    score = score_of(database, clinic, received.session_id)
    assert (score.rpe_post_session, score.input_sources["rpe"]) == (3, "file")
    assign(database, clinic.therapist, received.session_id, rpe=5)
    run_queue()
    score = score_of(database, clinic, received.session_id)
    assert (score.rpe_post_session, score.input_sources["rpe"]) == (5, "person")
    assert score.effort_score == 100


def test_what_is_said_before_the_analysis_counts_in_it(database, clinic, upload, run_queue):
    received = upload(patient_code="P001")
    assign(database, clinic.therapist, received.session_id, left="CH2", rpe=4)
    with database.connect("myograph_work") as conn:
        tasks = conn.execute("SELECT task_name FROM queue.procrastinate_jobs").fetchall()
    assert ("rescore_session",) not in tasks
    run_queue()
    score = score_of(database, clinic, received.session_id)
    assert (score.effort_score, score.one_side_only) == (100, "left")


def test_the_next_session_of_the_patient_has_the_same_legs(
    database, clinic, analysed, upload, run_queue
):
    assign(database, clinic.therapist, analysed, left="CH1", right="CH2")
    later = upload(game_file(seed=2), patient_code="P001")
    run_queue()
    score = score_of(database, clinic, later.session_id)
    assert score.overall_performance_score is not None
    assert score.input_sources["sides"] == "patient"


def test_a_session_can_be_given_to_another_patient_with_their_legs(
    database, clinic, analysed, upload, run_queue
):
    other = upload(game_file(seed=2), patient_code="P002", left="CH2", right="CH1")
    run_queue()
    assign(database, clinic.therapist, analysed, patient_code="P002")
    run_queue()
    with database.as_person(clinic.therapist) as conn:
        mine, reference = (
            [c.side for c in statistics.of_session(conn, s)] for s in (analysed, other.session_id)
        )
        session = sessions.get(conn, clinic.therapist, analysed)
    assert mine == reference == ["right", "left"]
    assert session.patient_id == "P002"


def test_a_leg_moves_to_another_channel_and_off(database, clinic, analysed):
    assign(database, clinic.therapist, analysed, left="CH1", right="CH2")
    assign(database, clinic.therapist, analysed, left="CH2")
    with database.as_person(clinic.therapist) as conn:
        found = session_settings.of_session(conn, analysed).channel_assignment
    assert {label: leg["side"] for label, leg in found.items()} == {"CH2": "left"}
    assign(database, clinic.therapist, analysed, left="")
    with database.as_person(clinic.therapist) as conn:
        assert session_settings.of_session(conn, analysed).channel_assignment == {}


def test_a_rescore_waits_its_turn_before_everything_else(database, clinic, analysed, upload):
    upload(game_file(seed=2))
    assign(database, clinic.therapist, analysed, rpe=5)
    with database.connect("myograph_work") as conn:
        first = conn.execute(
            "SELECT task_name FROM queue.procrastinate_jobs ORDER BY priority DESC, id LIMIT 1"
        ).fetchone()
    assert first == ("rescore_session",)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"rpe": 11}, "0 to 10"),
        ({"rpe": -1}, "0 to 10"),
        ({"rpe": 4.5}, "whole number"),
        ({"patient_code": "P003"}, "P003"),
        ({"patient_code": "P999"}, "P999"),
        ({"left": "CH9"}, "CH9"),
        ({"left": "CH1", "right": "CH1"}, "both legs"),
    ],
)
def test_what_cannot_be_right_is_refused(database, clinic, analysed, words, sentence):
    with pytest.raises(BadInput, match=sentence):
        assign(database, clinic.therapist, analysed, **words)


def test_another_therapists_session_is_not_there(database, clinic, analysed):
    with pytest.raises(NotFound):
        assign(database, clinic.other_therapist, analysed, rpe=5)


def test_an_admin_may_say_it_too(database, clinic, analysed):
    assign(database, clinic.admin, analysed, rpe=5)


def test_an_unfinished_session_is_not_scored(database, upload, pool):
    received = upload()
    assert not rescore_session(pool, received.session_id, pseudonym_key="k")


def test_the_pseudonym_is_made_with_the_key(database, clinic, upload, pool, run_queue):
    with database.as_person(clinic.admin) as conn:
        patients.add(conn, "P010", therapist_id=clinic.therapist.id, research_consent=True)
    received = upload(patient_code="P010")
    run_queue()
    expected = patients.pseudonym_of("P010", database.cluster.secrets.pseudonym_key)
    with database.as_person(clinic.researcher) as conn:
        assert sessions.get(conn, clinic.researcher, received.session_id).pseudonym == expected
        assert expected in {p.pseudonym for p in patients.mine(conn, clinic.researcher)}


def test_the_configuration_of_the_site_scores(database, clinic, analysed, pool):
    with database.as_person(clinic.admin) as conn:
        conn.execute("UPDATE scoring_configuration SET active = false WHERE scope = 'site'")
        conn.execute(
            """
            INSERT INTO scoring_configuration (id, version, name, weights, component_weights,
                                               rpe_mapping, scope, author)
            SELECT id, 2, name, weights, component_weights, rpe_mapping, 'site', %s
              FROM scoring_configuration WHERE id = 'ghostly-trial'
            """,
            [clinic.admin.id],
        )
    assert rescore_session(pool, analysed, pseudonym_key="k")
    score = score_of(database, clinic, analysed)
    assert (score.configuration_id, score.configuration_version) == (GHOSTLY_TRIAL.id, 2)
    assert score.configuration_name == GHOSTLY_TRIAL.name


def test_without_a_configuration_of_the_site_the_default_scores(database, clinic, analysed, pool):
    with database.as_person(clinic.admin) as conn:
        conn.execute("UPDATE scoring_configuration SET active = false WHERE scope = 'site'")
    rescore_session(pool, analysed, pseudonym_key="k")
    assert score_of(database, clinic, analysed).configuration_id == "default"


@pytest.mark.parametrize(
    ("known", "attribute", "value", "source"),
    [
        ({}, "target", 12, ("target", "default")),
        (
            {"patient": replace(PATIENT, target_contractions_per_muscle=9)},
            "target",
            9,
            ("target", "patient"),
        ),
        (
            {
                "patient": replace(PATIENT, target_contractions_per_muscle=9),
                "settings": said(target_contractions_per_muscle=7),
            },
            "target",
            7,
            ("target", "person"),
        ),
        ({}, "rpe", None, ("rpe", "none")),
        ({"game": {"rpe": 4.0}}, "rpe", 4, ("rpe", "file")),
        ({"game": {"rpe": 4.5}}, "rpe", None, ("rpe", "none")),
        ({"game": {"rpe": 11.0}}, "rpe", None, ("rpe", "none")),
        ({"game": {"rpe": 4.0}, "settings": said(rpe_post_session=0)}, "rpe", 0, ("rpe", "person")),
        (
            {"patient": replace(PATIENT, mvc_left_quad=1e-4)},
            "user_mvc_v",
            {"left": 1e-4},
            ("mvc_left", "patient"),
        ),
        (
            {
                "patient": replace(PATIENT, mvc_right_quad=1e-4),
                "settings": said(mvc_user_right_quad=2e-4),
            },
            "user_mvc_v",
            {"right": 2e-4},
            ("mvc_right", "person"),
        ),
        ({"settings": said(duration_threshold_left_quad=1.0)}, "holds_s", {"left": 1.0}, None),
        ({"settings": said(mvc_threshold_percentage=0.5)}, "mvc_share", 0.5, None),
        ({}, "mvc_share", 0.75, ("mvc_share", "default")),
        ({"settings": said()}, "mvc_share", 0.75, ("mvc_share", "default")),
        (
            {"settings": said(mvc_threshold_percentage=0.5)},
            "mvc_share",
            0.5,
            ("mvc_share", "session"),
        ),
        (
            {"settings": said(mvc_threshold_percentage=0.75, entered=["mvc_threshold_percentage"])},
            "mvc_share",
            0.75,
            ("mvc_share", "person"),
        ),
        ({"settings": said(duration_threshold_seconds=3.0)}, "hold_s", 3.0, ("hold", "session")),
        (
            {
                "settings": said(
                    mvc_user_left_quad=2e-4,
                    mvc_calculation_method="backend_calculated",
                    entered=["mvc_calculation_method"],
                )
            },
            "user_mvc_v",
            {},
            None,
        ),
        (
            {
                "settings": said(
                    mvc_user_left_quad=2e-4,
                    mvc_calculation_method="user_defined",
                    entered=["mvc_calculation_method"],
                )
            },
            "user_mvc_v",
            {"left": 2e-4},
            ("mvc_left", "person"),
        ),
        ({"game": {"score": 8.0}}, "game_points", 8, ("game_points", "file")),
        ({}, "game_maximum", None, ("game_maximum", "none")),
        (
            {"settings": said(game_points_maximum=9.0)},
            "game_maximum",
            9,
            ("game_maximum", "person"),
        ),
        ({"settings": said()}, "bfr_enabled", None, ("bfr_enabled", "none")),
        ({"settings": said(bfr_enabled=False)}, "bfr_enabled", False, ("bfr_enabled", "person")),
        ({"pressures": {"left": None}}, "pressures", {"left": None}, ("pressures", "none")),
        ({"pressures": {"left": 50.0}}, "pressures", {"left": 50.0}, ("pressures", "person")),
        ({"game": {"prescribed_hold_s": 6.0}}, "prescribed_hold_s", 6.0, None),
        ({"game": {"prescribed_hold_s": 0.0}}, "prescribed_hold_s", None, None),
        ({"game": {"prescribed_mvc_share": 0.45}}, "prescribed_mvc_share", 0.45, None),
        ({"game": {"prescribed_mvc_share": 1.5}}, "prescribed_mvc_share", None, None),
    ],
)
def test_the_first_who_knows_is_believed_and_named(known, attribute, value, source):
    chosen = chosen_inputs(replace(NOBODY, **known))
    assert getattr(chosen.inputs, attribute) == value
    if source is not None:
        name, who = source
        assert chosen.sources[name] == who


@pytest.mark.parametrize(
    ("known", "legs", "source"),
    [
        ({}, {}, "none"),
        (
            {"patient": replace(PATIENT, channel_assignment=LEFT)},
            {"CH1": ("quadriceps", "left")},
            "patient",
        ),
        (
            {
                "patient": replace(PATIENT, channel_assignment=LEFT),
                "settings": said(channel_assignment=RIGHT),
            },
            {"CH1": ("quadriceps", "right")},
            "person",
        ),
        (
            {
                "patient": replace(PATIENT, channel_assignment=LEFT),
                "settings": said(channel_assignment={}),
            },
            {},
            "person",
        ),
    ],
)
def test_the_legs_are_the_sessions_own_or_the_patients(known, legs, source):
    chosen = chosen_inputs(replace(NOBODY, **known))
    assert (chosen.legs, chosen.sources["sides"]) == (legs, source)


def test_weights_and_targets_of_the_session_go_before_the_sites():
    weights = {"compliance": 1.0, "symmetry": 0.0, "effort": 0.0, "game": 0.0}
    wanted = said(performance_weights=weights, targets="prescribed")
    chosen = chosen_configuration(replace(NOBODY, settings=wanted))
    assert (chosen.weights, chosen.targets) == (weights, "prescribed")
    assert chosen_inputs(replace(NOBODY, settings=wanted)).sources["weights"] == "person"
    assert chosen_configuration(replace(NOBODY, settings=said())) == DEFAULT
    assert chosen_inputs(NOBODY).sources["weights"] == "default"


def enter(database, person, session_id, **words):
    with database.as_person(person) as conn:
        session_settings.enter(conn, session_id, words)


def test_what_is_entered_scores_at_once_and_is_named(database, clinic, analysed, run_queue):
    assign(database, clinic.therapist, analysed, left="CH1", right="CH2")
    enter(
        database,
        clinic.therapist,
        analysed,
        rpe_post_session=5,
        game_points_maximum=24,
        target_contractions_per_muscle=3,
        mvc_user_left_quad=1e-6,
        mvc_user_right_quad=1e-6,
        duration_threshold_seconds=1.0,
        bfr_enabled=False,
        performance_weights={"compliance": 0.5, "symmetry": 0.0, "effort": 0.0, "game": 0.5},
    )
    run_queue()
    score = score_of(database, clinic, analysed)
    assert (score.compliance_score, score.game_score) == (100, 50)
    assert score.overall_performance_score == 75
    assert (score.bfr_compliance_gate, score.pressure_verified) == (1, True)
    assert score.input_sources["game_maximum"] == score.input_sources["hold"] == "person"
    assert score.input_sources["mvc_share"] == "default"


def test_null_takes_back_what_was_said(database, clinic, analysed):
    enter(database, clinic.therapist, analysed, mvc_threshold_percentage=0.5, rpe_post_session=3)
    enter(database, clinic.therapist, analysed, mvc_threshold_percentage=None)
    with database.as_person(clinic.therapist) as conn:
        found = session_settings.of_session(conn, analysed)
    assert (found.mvc_threshold_percentage, found.rpe_post_session) == (0.75, 3)
    assert found.entered == ["rpe_post_session"]


@pytest.mark.parametrize(
    "words",
    [
        {"mvc_threshold_percentage": 1.5},
        {"mvc_threshold_percentage": "a lot"},
        {"rpe_post_session": 11},
        {"rpe_post_session": 10**12},
        {"session_type": "party"},
        {"performance_weights": {"compliance": 1.0}},
        {"performance_weights": {"compliance": 1, "symmetry": 1, "effort": -1, "game": 0}},
        {"performance_weights": {"compliance": 1, "symmetry": 1, "effort": 0, "game": 0}},
        {"performance_weights": {"compliance": 1, "symmetry": 0, "effort": 0, "luck": 0}},
    ],
)
def test_what_the_settings_cannot_hold_is_refused(database, clinic, analysed, words):
    with pytest.raises(BadInput):
        enter(database, clinic.therapist, analysed, **words)
    with database.as_person(clinic.therapist) as conn:
        assert session_settings.of_session(conn, analysed) is None


def test_another_therapist_enters_nothing(database, clinic, analysed):
    with pytest.raises(NotFound):
        enter(database, clinic.other_therapist, analysed, rpe_post_session=5)
    with pytest.raises(NotFound), database.as_person(clinic.other_therapist) as conn:
        pressures.enter(conn, analysed, "left", {"actual_pressure_aop": 50})


def test_the_latest_baseline_before_a_session_is_its_reference(database, clinic, upload, run_queue):
    days = [START + timedelta(days=day) for day in (0, 3, 10, 12)]
    old, latest, training, after = (
        upload(
            game_file(seed=seed, start=day), patient_code="P001", left="CH1", right="CH2"
        ).session_id
        for seed, day in enumerate(days, start=1)
    )
    run_queue()
    assert "mvc_left" not in score_of(database, clinic, training).input_sources
    for baseline in (old, latest, after):
        enter(database, clinic.therapist, baseline, session_type="baseline")
    run_queue()
    score = score_of(database, clinic, training)
    assert score.input_sources["mvc_left"] == "baseline"
    with database.as_person(clinic.therapist) as conn:
        used = statistics.of_session(conn, training)[0]
        strongest = conn.execute(
            "SELECT max(strength) FROM contractions WHERE session_id = %s AND channel = 'CH1'",
            [latest],
        ).fetchone()
    assert (used.mvc_calculation_method, used.mvc_peak_value) == ("baseline_session", *strongest)
    enter(database, clinic.therapist, latest, session_type=None)
    enter(database, clinic.therapist, old, session_type="training")
    run_queue()
    assert "mvc_left" not in score_of(database, clinic, training).input_sources


@pytest.fixture
def baseline_and_later(database, clinic, upload, run_queue):
    """A baseline and a session two days after it, both of P001 and scored."""
    first, later = (
        upload(
            game_file(seed=day, start=START + timedelta(days=day)),
            patient_code="P001",
            left="CH1",
            right="CH2",
        ).session_id
        for day in (1, 3)
    )
    enter(database, clinic.therapist, first, session_type="baseline")
    run_queue()
    return first, later


def mvc_sources(database, clinic, session_id):
    with database.as_person(clinic.admin) as conn:
        return [c.mvc_calculation_method for c in statistics.of_session(conn, session_id)]


BY_BASELINE, BY_ITSELF = ["baseline_session"] * 2, ["backend_95percentile"] * 2


def test_a_baseline_that_is_analysed_late_is_the_reference_of_what_came_after(
    database, clinic, baseline_and_later, run_queue, pool
):
    first, later = baseline_and_later
    with pool.connection() as conn:
        conn.execute("SELECT app.analyse_again(%s)", [first])
    rescore_session(pool, later, pseudonym_key="k")
    assert mvc_sources(database, clinic, later) == BY_ITSELF, "while its analysis is not finished"
    run_queue()
    assert mvc_sources(database, clinic, later) == BY_BASELINE


def test_a_baseline_that_fails_is_no_longer_the_reference(
    database, clinic, baseline_and_later, store, run_queue, pool
):
    first, later = baseline_and_later
    assert mvc_sources(database, clinic, later) == BY_BASELINE
    with pool.connection() as conn:
        store.delete(sessions.get(conn, clinic.admin, first).object_key)
        conn.execute("SELECT app.analyse_again(%s)", [first])
    run_queue()
    assert mvc_sources(database, clinic, later) == BY_ITSELF


def test_a_baseline_takes_its_reference_along_to_another_patient(
    database, clinic, baseline_and_later, upload, run_queue
):
    first, later = baseline_and_later
    start = START + timedelta(days=5)
    theirs = upload(
        game_file(seed=5, start=start), patient_code="P002", left="CH1", right="CH2"
    ).session_id
    run_queue()
    assert mvc_sources(database, clinic, theirs) == BY_ITSELF
    assign(database, clinic.therapist, first, patient_code="P002")
    run_queue()
    assert mvc_sources(database, clinic, later) == BY_ITSELF
    assert mvc_sources(database, clinic, theirs) == BY_BASELINE


def test_the_legs_of_a_baseline_are_those_of_its_reference(
    database, clinic, baseline_and_later, run_queue
):
    first, later = baseline_and_later
    assign(database, clinic.therapist, first, right="")
    run_queue()
    assert mvc_sources(database, clinic, later) == ["baseline_session", "backend_95percentile"]


def waiting_for(database, session_id):
    with database.connect("myograph_work") as conn:
        [count] = conn.execute(
            "SELECT count(*) FROM queue.procrastinate_jobs WHERE status = 'todo'"
            " AND task_name = 'rescore_session' AND args ->> 'session_id' = %s",
            [str(session_id)],
        ).fetchone()
    return count


def test_scoring_a_baseline_anew_leaves_the_others_alone_where_its_legs_stay(
    database, clinic, baseline_and_later, pool
):
    first, later = baseline_and_later
    enter(database, clinic.therapist, first, rpe_post_session=5)
    assert rescore_session(pool, first, pseudonym_key="k")
    assert waiting_for(database, later) == 0


def test_a_session_that_is_no_baseline_is_nobodys_reference(
    database, clinic, baseline_and_later, run_queue, pool
):
    first, later = baseline_and_later
    enter(database, clinic.therapist, first, session_type="training")
    run_queue()
    assert mvc_sources(database, clinic, later) == BY_ITSELF
    assign(database, clinic.therapist, first, right="")
    assert rescore_session(pool, first, pseudonym_key="k")
    assign(database, clinic.therapist, first, patient_code="P002")
    assert waiting_for(database, later) == 0


def test_a_baseline_by_another_method_is_no_reference(
    database, clinic, analysed, upload, run_queue, pool
):
    assign(database, clinic.therapist, analysed, left="CH1")
    enter(database, clinic.therapist, analysed, session_type="baseline")
    later = upload(game_file(seed=2, start=START + timedelta(days=1)), patient_code="P001")
    run_queue()
    sources = score_of(database, clinic, later.session_id).input_sources
    assert (sources["mvc_left"], sources.get("mvc_right")) == ("baseline", None)
    with pool.connection() as conn:
        conn.execute("UPDATE emg_statistics SET method = 'older' WHERE session_id = %s", [analysed])
    rescore_session(pool, later.session_id, pseudonym_key="k")
    assert "mvc_left" not in score_of(database, clinic, later.session_id).input_sources


@pytest.mark.parametrize(
    ("left", "right", "gate", "shown"),
    [(50, 52, 1, 52), (50, 60, 0, 60), (50, None, None, 50), (None, None, None, None)],
)
def test_the_pressures_of_the_cuffs_gate_compliance(
    database, clinic, analysed, run_queue, left, right, gate, shown
):
    assign(database, clinic.therapist, analysed, left="CH1", right="CH2")
    with database.as_person(clinic.therapist) as conn:
        for leg, percent in (("left", left), ("right", right)):
            said = {"actual_pressure_aop": percent, "measurement_method": "manual"}
            pressures.enter(conn, analysed, leg, said)
    run_queue()
    score = score_of(database, clinic, analysed)
    assert (score.bfr_compliance_gate, score.bfr_pressure_aop) == (gate, shown)
    assert (score.compliance_score == 0) == (gate == 0)


def test_without_restriction_no_pressure_is_taken_and_none_shown(
    database, clinic, analysed, run_queue
):
    with database.as_person(clinic.therapist) as conn:
        said = {"actual_pressure_aop": 70, "measurement_method": "manual"}
        pressures.enter(conn, analysed, "left", said)
    enter(database, clinic.therapist, analysed, bfr_enabled=False)
    run_queue()
    score = score_of(database, clinic, analysed)
    assert (score.bfr_compliance_gate, score.bfr_pressure_aop) == (1, None)
    with pytest.raises(BadInput, match="no pressure"), database.as_person(clinic.admin) as conn:
        pressures.enter(conn, analysed, "left", said)


@pytest.mark.parametrize(
    "said",
    [
        {"actual_pressure_aop": 120, "measurement_method": "manual"},
        {"actual_pressure_aop": 50},
        {"device_calibration_date": "soon"},
    ],
)
def test_a_pressure_that_cannot_be_right_is_refused(database, clinic, analysed, said):
    with pytest.raises(BadInput), database.as_person(clinic.admin) as conn:
        pressures.enter(conn, analysed, "left", said)


def test_scores_that_cannot_be_made_anew_say_so_until_they_are(
    analysed, database, clinic, pool, upload, run_queue
):
    give_up(pool, analysed)
    give_up(pool, analysed)
    assert codes_of(database, clinic, analysed) == ["scores_outdated"]
    twin = upload()
    run_queue()
    assert codes_of(database, clinic, twin.session_id) == []
    assert rescore_session(pool, analysed, pseudonym_key="a key")
    assert codes_of(database, clinic, analysed) == []


def codes_of(database, clinic, session_id):
    with database.as_person(clinic.admin) as conn:
        found = sessions.get(conn, clinic.admin, session_id).findings
    return [finding["code"] for finding in found if finding["code"] == "scores_outdated"]


def test_an_unfinished_session_has_no_scores_to_be_outdated(upload, pool, database, clinic):
    received = upload()
    give_up(pool, received.session_id)
    with pool.connection() as conn:
        [(found,)] = conn.execute("SELECT analysis_findings FROM therapy_sessions").fetchall()
    assert found is None


def test_a_rescore_that_fails_for_good_is_seen_on_the_session(
    analysed, database, clinic, upload, run_queue
):
    """Five times, whoever tries; then it is said, and the next success takes it back."""
    with database.connect("postgres") as conn:
        conn.execute("ALTER TABLE performance_scores ADD CONSTRAINT broken CHECK (false) NOT VALID")
    with database.connect("myograph_work") as conn:
        conn.execute("SELECT app.score_again(%s)", [analysed])
    for tries in range(5):
        assert codes_of(database, clinic, analysed) == []
        with database.connect("myograph_work", options="-c search_path=queue,public") as conn:
            conn.execute("UPDATE queue.procrastinate_jobs SET scheduled_at = NULL")
            found = conn.execute("SELECT attempts FROM queue.procrastinate_jobs").fetchall()
        assert found == [(tries,)]
        run_queue()
    with database.connect("postgres") as conn:
        conn.execute("ALTER TABLE performance_scores DROP CONSTRAINT broken")
    assert codes_of(database, clinic, analysed) == ["scores_outdated"]
    with database.connect("myograph_work") as conn:
        conn.execute("SELECT app.score_again(%s)", [analysed])
    run_queue()
    assert codes_of(database, clinic, analysed) == []


def jobs_for(database, session_id):
    with database.connect("myograph_work") as conn:
        return [
            priority
            for (priority,) in conn.execute(
                "SELECT priority FROM queue.procrastinate_jobs WHERE task_name = 'rescore_session'"
                " AND status = 'todo' AND args ->> 'session_id' = %s ORDER BY id",
                [str(session_id)],
            )
        ]


def set_target(database, clinic, target):
    with database.as_person(clinic.therapist) as conn:
        patients.change_settings(conn, "P001", {"target_contractions_per_muscle": target})


@pytest.mark.parametrize("state", ["completed", "processing", "reprocessing"])
def test_what_may_have_been_read_too_early_is_scored_anew_and_queued_once(
    database, clinic, upload, state
):
    session_id = upload(patient_code="P001").session_id
    with database.connect("postgres") as conn:
        conn.execute(
            "UPDATE therapy_sessions SET processing_status = %s WHERE id = %s", [state, session_id]
        )
    set_target(database, clinic, 5)
    set_target(database, clinic, 6)
    set_target(database, clinic, 6)
    assert jobs_for(database, session_id) == [90]


def test_what_has_not_begun_or_failed_needs_no_new_scoring(database, clinic, upload):
    session_id = upload(patient_code="P001").session_id
    set_target(database, clinic, 5)
    assert jobs_for(database, session_id) == []


def test_scoring_waits_for_an_analysis_that_is_saving(database, analysed, pool):
    with database.connect("myograph_work") as saving, ThreadPoolExecutor() as threads:
        saving.execute(
            "UPDATE therapy_sessions SET processing_status = 'processing' WHERE id = %s", [analysed]
        )
        saving.commit()
        saving.execute(
            "UPDATE therapy_sessions SET processing_status = 'completed' WHERE id = %s", [analysed]
        )
        scored = threads.submit(rescore_session, pool, analysed, pseudonym_key="k")
        with database.connect("postgres", autocommit=True) as watching:
            wait_for(lambda: waits_for_a_lock(watching))
        saving.commit()
        assert scored.result(timeout=30)


def waits_for_a_lock(conn):
    return conn.execute(
        "SELECT EXISTS (SELECT FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock')"
    ).fetchone()[0]
