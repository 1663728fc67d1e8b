"""Reports in every format with their manifests, and whether they hold when they are made again."""

from __future__ import annotations

import json
import shutil
import zipfile
from datetime import date
from pathlib import Path

import pytest

from mqlab.errors import InputError, RefusedError
from mqlab.lab import Lab, manifest, report
from mqlab.lab.data_hash import data_hash
from mqlab.lab.explored import Exploring
from mqlab.reports.formats import ReportFormat
from tests.cli.runner import mqlab
from tests.cli.small_lab import LOOK, write_feeds, write_lab

pytestmark = pytest.mark.engines
NAME = "demo-requests"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A lab with its facts, and every report of one day in `made/`."""
    folder = write_lab(tmp_path_factory.mktemp("reported"))
    feeds = folder / "feeds"
    feeds.mkdir()
    for table, file in write_feeds(feeds).items():
        assert mqlab("ingest", table, file, lab=folder).code == 0
    opened = Lab.open(folder)
    every = list(ReportFormat)
    opened.report_experiment(NAME, as_of=LOOK, formats=every, out=folder / "made" / "q2")
    return opened


@pytest.fixture
def made(lab: Lab, tmp_path: Path) -> Path:
    """A copy of the reports, to be tampered with."""
    return Path(shutil.copytree(lab.folder / "made", tmp_path / "made"))


def test_every_format_has_its_file_and_its_manifest(lab: Lab):
    """A name without a suffix gets each format's; beside each file stands a manifest with its hash."""
    names = sorted(path.name for path in (lab.folder / "made").iterdir())

    assert names == sorted([f"q2.{to}{end}" for to in ReportFormat for end in ("", ".manifest.json")])
    for to in ReportFormat:
        file = lab.folder / "made" / f"q2.{to}"
        told = json.loads(manifest.path_of(file).read_text())
        assert told["sha256"] == manifest.sha256(file.read_bytes())
        assert (told["file"], told["format"], told["experiment"]) == (file.name, to.value, NAME)
        assert told["data"]["rows"]["leads"] > 200 and len(told["data"]["sha256"]) == 64
        assert told["command"].endswith(f"--ledger {told['ledger']} --to {to}")
        assert set(told["fingerprints"]["definitions"]) == {"points@1.0.0", "points@1.1.0"}


def test_the_same_inputs_are_the_same_bytes_in_every_format(lab: Lab, tmp_path: Path):
    """Made again at the same as-of, every file and every manifest is equal to the byte."""
    lab.report_experiment(NAME, as_of=LOOK, formats=list(ReportFormat), out=tmp_path / "q2")

    for file in (lab.folder / "made").iterdir():
        assert (tmp_path / file.name).read_bytes() == file.read_bytes(), file.name


def test_many_formats_are_explored_by_a_process_beside(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """This process explores nothing itself, and the bytes are the same; where that process fails, it does."""
    asked = []
    here = report.explored
    monkeypatch.setattr(report, "explored", lambda *given: asked.append(given) or here(*given))
    lab.report_experiment(NAME, as_of=LOOK, formats=list(ReportFormat), out=tmp_path / "q2")
    assert asked == []

    monkeypatch.setattr(Exploring, "found", lambda exploring: None)
    lab.report_experiment(NAME, as_of=LOOK, formats=list(ReportFormat), out=tmp_path / "q2")
    assert len(asked) == 1


@pytest.mark.parametrize("to", list(ReportFormat))
def test_a_report_that_was_left_alone_holds(lab: Lab, made: Path, to: ReportFormat):
    """All its numbers are equal, and so are its bytes."""
    found = lab.verify(made / f"q2.{to}")

    assert found.holds and found.same_bytes and found.equal == found.total > 100
    assert str(found) == f"holds: {found.total} of {found.total} numbers equal\nThe file is the same to the byte."


def test_later_imports_change_nothing(lab: Lab, tmp_path: Path):
    """A report is verified at its ledger position, whatever was imported since."""
    folder = tmp_path / "lab"
    shutil.copytree(lab.folder, folder)
    late = tmp_path / "late.csv"
    late.write_text("lead_id,created_at,source,known_at\nlate-1,2026-02-01,web,2026-02-01T00:00:00Z\n")
    assert mqlab("ingest", "leads", late, lab=folder).code == 0

    assert Lab.open(folder).verify(folder / "made" / "q2.json").same_bytes


def test_a_number_changed_in_the_page_is_found(lab: Lab, made: Path):
    """The page differs from what is drawn now: the numbers of the ledger hold, the file does not, and it says where."""
    page = made / "q2.html"
    text = page.read_text(encoding="utf-8")
    number = next(iter(json.loads(manifest.path_of(page).read_text())["numbers"]))["text"]
    page.write_text(text.replace(f">{number}<", ">99.9<"), encoding="utf-8")

    found = lab.verify(page)

    assert not found.holds and not found.as_written and found.equal == found.total
    assert "- 99.9" in (found.in_file or ()) and f"+ {number}" in (found.in_file or ())
    assert "does not hold" in str(found) and "it was changed afterwards" in str(found)


def test_a_page_changed_together_with_its_hash_is_found(lab: Lab, made: Path):
    """Whoever changes the hash in the manifest, too, is found by the words."""
    page = made / "q2.md"
    page.write_text(page.read_text(encoding="utf-8").replace("0.", "7."), encoding="utf-8")
    beside = manifest.path_of(page)
    told = json.loads(beside.read_text())
    beside.write_text(json.dumps({**told, "sha256": manifest.sha256(page.read_bytes())}))

    found = lab.verify(page)

    assert found.as_written and not found.holds
    assert "Its words are not those written now." in str(found)


def test_a_number_changed_in_the_manifest_is_found(lab: Lab, made: Path):
    """A number that the ledger does not give is told with its place, as written and as it is."""
    file = made / "q2.pdf"
    beside = manifest.path_of(file)
    told = json.loads(beside.read_text())
    told["numbers"][0] |= {"text": "99.9", "value": 0.0999}
    told["numbers"].append({"at": "gone/1/1", "text": "1", "value": 1, "kind": "count"})
    beside.write_text(json.dumps(told))

    found = lab.verify(file)

    assert (found.equal, found.total) == (len(told["numbers"]) - 2, len(told["numbers"]))
    assert "The answer" in found.differing[0].where and "99.9 (0.0999), now" in str(found)
    assert "no longer in the report" in str(found)


@pytest.mark.parametrize("to", [ReportFormat.XLSX, ReportFormat.PPTX])
def test_a_number_changed_in_an_office_file_is_found(lab: Lab, made: Path, to: ReportFormat):
    """A workbook's or a slide's cell that was overwritten is told."""
    file = made / f"q2.{to}"
    parts = {}
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    changed = next(
        name for name in parts if b"SQLs per 1,000 assigned leads" in parts[name] and b"rels" not in parts[name]
    )
    parts[changed] = parts[changed].replace(b"SQLs per 1,000 assigned leads", b"SQLs per 1,000 happy leads")
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)

    found = lab.verify(file)

    assert not found.holds and any("happy" in line for line in found.in_file or ())


def test_a_file_of_another_kind_is_told(lab: Lab, made: Path):
    """A workbook that is none does not hold, and a PDF that was changed is known by its bytes."""
    (made / "q2.xlsx").write_bytes(b"no archive")
    (made / "q2.pdf").write_bytes((made / "q2.pdf").read_bytes() + b"\n")

    assert lab.verify(made / "q2.xlsx").in_file == ("- this is no xlsx file",)
    changed = lab.verify(made / "q2.pdf")
    assert not changed.holds and changed.in_file is None


def rewritten(file: Path, data: bytes, **entries: object) -> Path:
    """The file with other bytes, its manifest saying they are its own, and some entries others."""
    file.write_bytes(data)
    beside = manifest.path_of(file)
    whole = json.loads(beside.read_text()) | {"sha256": manifest.sha256(data), **entries}
    beside.write_text(json.dumps(whole))
    return file


def test_a_file_put_in_the_place_of_another_with_its_hash_is_found(lab: Lab, made: Path):
    """A PDF needs the bytes that the same versions draw; of other versions it cannot be said. A script is told."""
    pdf, page = (made / "q2.pdf").read_bytes() + b"\n", (made / "q2.html").read_bytes()
    scripted = page.replace(b"</main>", b"<script>alert(1)</script></main>")
    styled = page.replace(b"</main>", b"<style>p {color: red}</style></main>")

    same = lab.verify(rewritten(made / "q2.pdf", pdf))
    older = lab.verify(rewritten(made / "q2.pdf", pdf, versions={"mqlab": "0.0.1"}))
    foreign = lab.verify(rewritten(made / "q2.html", scripted))
    other = lab.verify(rewritten(made / "q2.html", styled))

    assert not same.holds and "Its bytes are not those that the same versions draw now" in str(same)
    assert older.holds and "the texts of a PDF cannot be compared" in str(older)
    assert not foreign.holds and foreign.in_file is not None and "- <script>" in foreign.in_file
    assert other.holds and "though the versions are the same" in str(other)


@pytest.mark.parametrize("changed", [{"seal": "00"}, {"record": {}}, {"analysis": "00"}, {"fingerprints": {}}])
def test_a_manifest_that_was_changed_does_not_hold(lab: Lab, made: Path, changed: dict[str, object]):
    """What was signed, and of what, stands under a seal; without the seal it does not hold either."""
    file = rewritten(made / "q2.md", (made / "q2.md").read_bytes(), **changed)
    bare = manifest.path_of(made / "q2.json")
    bare.write_text(json.dumps({key: value for key, value in json.loads(bare.read_text()).items() if key != "seal"}))

    found = lab.verify(file)

    assert not found.holds and found.same_bytes and not found.differing
    assert str(found).startswith("does not hold: ") and "its seal is not that of its entries" in str(found)
    assert not lab.verify(made / "q2.json").holds


def test_a_changed_definition_is_named(lab: Lab, made: Path, tmp_path: Path):
    """Where a draft's definition means something else now, numbers differ and the reason is told."""
    folder = tmp_path / "lab"
    shutil.copytree(lab.folder, folder)
    file = folder / "definitions" / "points@1.0.0.yaml"
    file.write_text(file.read_text().replace("points >= 50", "points >= 20"))

    found = Lab.open(folder).verify(made / "q2.json")

    assert not found.holds and found.equal < found.total
    assert "A definition or the protocol changed." in str(found)


def test_without_its_manifest_a_report_is_not_verified(lab: Lab, made: Path):
    """No file, no manifest, a broken one, one of something else: each has its message."""
    manifest.path_of(made / "q2.pdf").unlink()
    manifest.path_of(made / "q2.md").write_text("[1, 2")
    manifest.path_of(made / "q2.json").write_text('{"kind": "other"}')
    beside = manifest.path_of(made / "q2.html")
    beside.write_text(beside.read_text().replace('"report": "experiment"', '"report": "weather"'))

    for name, message in {
        "none.pdf": "there is no such report",
        "q2.pdf": "has no manifest beside it",
        "q2.md": "this is no manifest of a report",
        "q2.json": "this is no manifest of a report",
        "q2.html": "a report of 'weather' cannot be made again",
    }.items():
        with pytest.raises(InputError, match=message):
            lab.verify(made / name)


def test_another_report_is_not_overwritten(lab: Lab, tmp_path: Path):
    """One file in the way stops all of them before anything is written; the same report again is no conflict."""
    out = tmp_path / "q2.pdf"
    out.write_text("the board's only copy")

    with pytest.raises(RefusedError, match="exists"):
        lab.report_experiment(NAME, as_of=LOOK, formats=list(ReportFormat), out=tmp_path / "q2")
    assert [path.name for path in tmp_path.iterdir()] == ["q2.pdf"]

    assert lab.report_experiment(NAME, as_of=LOOK, out=out, overwrite=True) == (out,)
    assert lab.report_experiment(NAME, as_of=LOOK, out=out) == (out,)
    with pytest.raises(RefusedError, match="exists"):
        lab.report_experiment(NAME, as_of=date(2026, 5, 1), out=out)


def test_the_name_says_the_format(lab: Lab, tmp_path: Path):
    """By the suffix; a suffix that contradicts --format, or none that is known, is an error."""
    (found,) = lab.report_experiment(NAME, as_of=LOOK, out=tmp_path / "a.md")

    assert found.read_text().startswith("# Does handing over")
    with pytest.raises(InputError, match=r"named as md, and --format says pdf"):
        lab.report_experiment(NAME, as_of=LOOK, formats=["pdf"], out=tmp_path / "a.md")
    with pytest.raises(InputError, match="names no format"):
        lab.report_experiment(NAME, as_of=LOOK, out=tmp_path / "a.docx")
    with pytest.raises(InputError, match="is a folder"):
        lab.report_experiment(NAME, as_of=LOOK, out=tmp_path)


def test_the_hash_of_the_data_is_of_the_rows_alone(lab: Lab):
    """Equal facts have equal hashes however they are chunked; one lead less has another."""
    facts = lab.reading.facts(as_of=LOOK)
    whole = data_hash(facts)
    leads = facts.leads
    halves = type(facts)(**{**vars(facts), "leads": type(leads).from_batches(leads.to_batches(max_chunksize=7))})
    fewer = type(facts)(**{**vars(facts), "leads": leads.slice(1)})

    assert data_hash(halves) == whole
    assert data_hash(fewer)["sha256"] != whole["sha256"]
    assert data_hash(fewer)["rows"]["leads"] == whole["rows"]["leads"] - 1


def test_a_lab_writes_as_its_country_does(lab: Lab, tmp_path: Path):
    """With `[reports] locale`, numbers and dates are German, raw ones equal, and an English report still holds."""
    folder = tmp_path / "lab"
    shutil.copytree(lab.folder, folder)
    settings = folder / "mqlab.toml"
    settings.write_text(settings.read_text() + '\n[reports]\nlocale = "de"\n')
    (found,) = Lab.open(folder).report_experiment(NAME, as_of=LOOK, out=folder / "de.json")
    german, english = (json.loads(file.read_text()) for file in (found, folder / "made" / "q2.json"))

    assert german["facts"][0]["text"] == "30. Juni 2026, 22:00 (Europe/Berlin)"
    assert raw(german) == raw(english)
    assert Lab.open(folder).verify(folder / "made" / "q2.json").same_bytes


def raw(whole: dict) -> list:
    """The raw numbers of a report."""
    tables = [b.get("numbers", b) for s in whole["sections"] for b in s["blocks"] if b["type"] in ("table", "chart")]
    return [cell.get("number") for table in tables for row in table["rows"] for cell in row]


def test_the_command_says_whether_a_report_holds(lab: Lab, made: Path):
    """0 and a line that says so; 1 where it does not; 2 without a manifest; JSON for scripts."""
    fine = mqlab("report", "verify", made / "q2.xlsx", lab=lab.folder)
    told = mqlab("report", "verify", made / "q2.xlsx", "--format", "json", lab=lab.folder)
    (made / "q2.html").write_text("<p>trust me</p>")
    changed = mqlab("report", "verify", made / "q2.html", lab=lab.folder)
    none = mqlab("report", "verify", made / "q3.pdf", lab=lab.folder)

    assert (fine.code, changed.code, none.code) == (0, 1, 2)
    assert fine.out.startswith("holds: ")
    assert told.json["holds"] is True and told.json["equal"] == told.json["numbers"]
    assert changed.out.startswith("does not hold: ") and "trust me" in changed.out
    assert all(len(line) <= 80 for line in fine.lines)


def test_the_command_writes_every_format(lab: Lab, tmp_path: Path):
    """`--format all` names each file on a line of its own."""
    done = mqlab(
        "report", "experiment", NAME, "--as-of", "2026-06-30", "--format", "all", "--out", tmp_path / "q2.pdf",
        lab=lab.folder,
    )  # fmt: skip

    assert done.code == 0
    assert [Path(line.removeprefix("The report is in ")).name for line in done.lines] == [
        "q2.html", "q2.pdf", "q2.pptx", "q2.xlsx", "q2.md", "q2.json",
    ]  # fmt: skip
