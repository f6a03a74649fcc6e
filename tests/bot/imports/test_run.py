"""A run takes the good rows, puts the bad ones aside, and says what it did."""

import stat
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa

from bot.imports import run as importing
from bot.imports.run import ImportJob
from bot.imports.stores import StoreSheet
from bot.imports.unusable import UnusableFile
from bot.store import audit
from bot.store.tables import stores
from tests.bot.imports.conftest import Office

GOOD = "code,name,phone\nC1,王芳,13812345678\n"


def test_good_rows_come_in_and_bad_ones_go_out_with_the_reason(office: Office) -> None:
    report = office.hand_in("candidates", GOOD + "C2,李强,12\n,张,13812345679\nC4,赵敏,13812345680\n")
    assert report.counts == {"created": 2, "updated": 0, "unchanged": 0, "bad": 2}
    assert report.errors_file == office.folder / "file.csv.errors.csv"
    assert report.faults == [
        "file.csv:3: C2: phone: is no phone number: write it like 13123456789 or +8613123456789",
        "file.csv:4: no code: code: is missing",
    ]
    assert [row["code"] for row in office.errors()] == ["C2", ""]


def test_the_mended_file_of_bad_rows_can_be_imported_as_it_is(desk: Office) -> None:
    desk.hand_in("candidates", "Name,Code,Phone,note\n@王,C1,+8612,-5\n-王,C2,x,@\n")
    path = desk.folder / "file.csv.errors.csv"
    text = path.read_text(encoding="utf-8-sig")
    assert text.startswith("Name,Code,Phone,note,error\n'@王,C1,+8612,-5,")
    report = desk.hand_in("candidates", text.replace("+8612", "+8613812345678").replace(",x,", ",13812345679,"))
    assert report.counts["created"] == 2
    assert report.notes == ["columns that are not read: 'note'"]
    assert [row["name"] for row in desk.all("candidates")] == ["@王", "-王"]


def test_the_file_of_bad_rows_opens_in_excel_and_only_for_its_owner(desk: Office) -> None:
    desk.hand_in("candidates", "code,name,phone\nC1,王,12\n")
    path = desk.folder / "file.csv.errors.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_run_without_bad_rows_takes_an_old_file_of_them_away(desk: Office) -> None:
    desk.hand_in("candidates", "code,name,phone\nC1,王,12\n")
    report = desk.hand_in("candidates", GOOD)
    assert report.errors_file is None
    assert not (desk.folder / "file.csv.errors.csv").exists()


def test_a_dry_run_says_the_same_and_writes_only_the_file_of_bad_rows(office: Office) -> None:
    text = GOOD + "C2,李强,12\nC3,张,13812345678\n"
    dry = office.hand_in("candidates", text, dry_run=True)
    assert office.all("candidates") == []
    assert office.database.read(audit.newest) == []
    errors = office.errors()
    real = office.hand_in("candidates", text)
    assert (dry.counts, dry.faults) == (real.counts, real.faults)
    assert office.errors() == errors


def test_of_two_rows_with_one_code_the_first_counts_even_far_apart(office: Office) -> None:
    crowd = "".join(f"X{number},名\n" for number in range(250))
    report = office.hand_in("stores", f"code,name\nS1,一店\n{crowd}S1,二店\nS1,x{'x' * 2000}\n")
    assert (report.created, report.bad) == (251, 2)
    assert office.kept("stores", "S1")["name"] == "一店"
    assert [row["error"] for row in office.errors()] == [
        "code: stands on line 2 too",
        "code: stands on line 2 too; name: is longer than 2000 characters",
    ]


def test_no_transaction_has_more_than_200_rows(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    apply = StoreSheet.apply

    def counted(kind: Any, connection: Any, changes: Any) -> None:
        sizes.append(len(changes))
        apply(kind, connection, changes)

    monkeypatch.setattr(StoreSheet, "apply", counted)
    shares: list[float] = []
    path = desk.folder / "f.csv"
    path.write_text("code,name\n" + "".join(f"S{number},店\n" for number in range(501)))
    job = ImportJob("stores", path, desk.settings, desk.database, desk.cipher, desk.now, "cli:test")
    importing.run(job, lambda share, report: shares.append(share))
    assert sizes == [200, 200, 101]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_run_leaves_one_record_with_counts_and_nothing_personal(office: Office) -> None:
    office.hand_in("candidates", GOOD + "C2,李强,12\n", name="王芳.csv")
    (record,) = office.database.read(audit.newest)
    assert record | {"id": 1} == {
        "id": 1,
        "at": office.now,
        "actor": "cli:test",
        "action": "import.candidates",
        "target": None,
        "detail": {"created": 1, "updated": 0, "unchanged": 0, "bad": 1},
    }


def test_a_run_that_breaks_off_leaves_its_record_too(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError

    rows = "".join(f"S{number},店\n" for number in range(201))
    (office.folder / "f.csv").write_text(f"code,name\n{rows}")
    job = ImportJob(
        "stores", office.folder / "f.csv", office.settings, office.database, office.cipher, office.now, "cli:test"
    )
    with pytest.raises(RuntimeError):
        importing.run(job, broken)
    assert office.database.read(audit.newest)[0]["detail"]["created"] == 200
    count = sa.select(sa.func.count()).select_from(stores)
    assert office.database.read(lambda connection: connection.execute(count).scalar()) == 200


def test_two_imports_at_once_agree(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another import brings the same codes after this one looked."""
    write = office.database.write

    def late(work: Any) -> Any:
        monkeypatch.setattr(office.database, "write", write)
        office.hand_in("candidates", GOOD, name="other.csv")
        return write(work)

    monkeypatch.setattr(office.database, "write", late)
    report = office.hand_in("candidates", GOOD + "C2,李,13812345678\n")
    assert report.counts == {"created": 0, "updated": 0, "unchanged": 1, "bad": 1}


@pytest.mark.parametrize(
    ("what", "header", "lacks"),
    [
        (
            "candidates",
            "姓名,手机",
            "code, name, phone or invite. It has none of our columns, and '姓名', '手机': rename",
        ),
        ("candidates", "code,name", "phone or invite. It has code, name of our columns, and nothing else"),
        ("candidates", "code,phone", "name"),
        ("candidates", "name,phone", "code"),
        ("stores", "code", "name"),
        ("staff", "code,name", "role"),
        ("cohorts", "name", "code"),
    ],
)
def test_a_file_without_a_needed_column_is_refused_whole(desk: Office, what: str, header: str, lacks: str) -> None:
    with pytest.raises(UnusableFile) as error:
        desk.hand_in(what, f"{header}\nA,B\n")
    assert f"file.csv: has no column {lacks}" in str(error.value)
    assert not (desk.folder / "file.csv.errors.csv").exists()


def test_a_file_about_people_we_know_needs_their_code_only(office: Office) -> None:
    office.hand_in("candidates", GOOD)
    report = office.hand_in("candidates", "code,stage\nC1,background_check\nC2,joined\n")
    assert report.counts == {"created": 0, "updated": 1, "unchanged": 0, "bad": 1}
    assert office.errors()[0]["error"] == (
        "name: is missing: new candidates need it; phone or invite: is missing: new candidates need it"
    )


def test_a_file_with_a_header_alone_is_an_empty_list(desk: Office) -> None:
    assert desk.hand_in("candidates", "code,name,phone\n").rows == 0


def test_an_unknown_column_is_named_and_the_rows_come_in(desk: Office) -> None:
    report = desk.hand_in("stores", "code,name,Shoe size\nS1,店,44\n")
    assert report.notes == ["columns that are not read: 'Shoe size'"]
    assert report.created == 1


def test_a_row_with_more_cells_than_headers_stays_out(desk: Office) -> None:
    desk.hand_in("stores", "code,name\nS1,店,,\nS2,店,上海\n")
    assert [row["code"] for row in desk.errors()] == ["S2"]
    assert desk.errors()[0]["error"].startswith("has more cells than there are headers")


def test_a_row_cut_short_has_empty_cells(desk: Office) -> None:
    assert desk.hand_in("stores", "code,name,city,phone\nS1,店\n").created == 1


def test_a_workbook_comes_in_like_its_csv(desk: Office) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["code", "name", "phone", "stage_at", "home_lat", "home_lng"])
    page.append(["C1", "王芳", 13812345678, desk.now.replace(tzinfo=None), 31.22, 121.42])
    page.append([1002, "李强", "12", None, None, None])
    book.save(desk.folder / "f.xlsx")
    report = desk.hand_in_file("candidates", desk.folder / "f.xlsx")
    assert report.counts == {"created": 1, "updated": 0, "unchanged": 0, "bad": 1}
    assert desk.kept("candidates", "C1")["phone"] == "+8613812345678"
    assert desk.kept("candidates", "C1")["stage_at"].isoformat() == "2026-11-22T18:00:00+00:00"
    assert desk.errors("f.xlsx")[0]["code"] == "1002"


def test_the_example_map_reads_a_chinese_companys_files(desk: Office) -> None:
    ways = Path(__file__).parents[3] / "docs" / "headers.zh.yaml"
    files = {
        "stores": "门店编号,门店名称,城市,门店地址,纬度,经度,招聘人数,店长,门店电话,开业日期\n"
        "S1,一店,上海,路1号,31.2,121.4,3,周店长,021-58760901,2026-12-01\n",
        "staff": "工号,姓名,角色,邮箱,手机号,企业微信,上级,代理人\nHR1,林晓,招聘专员,a@x.example,13900000001,lin,HR2,\n"
        "HR2,何静,经理,b@x.example,13900000002,,,HR1\n",
        "cohorts": "班次编号,班次名称,开始时间,结束时间,培训地点,培训地址,名额,培训内容,携带物品,日期状态,确定日期\n"
        "K1,一期,2026-12-01 09:00,2026-12-05 17:30,培训中心,路2号,40,介绍|食品安全,身份证|健康证,计划中,2026-11-27\n",
        "candidates": "候选人编号,姓名,手机号,邮箱,语言,当前阶段,进入阶段时间,培训班次,分配门店,家庭住址,负责人,来源,邀请码,应聘岗位\n"
        "C1,王芳,13812345678,w@x.example,中文,已过面试,2026-11-20 10:00,K1,S1,路3号,HR1,内推,,店员\n",
    }
    for what, text in files.items():
        report = desk.hand_in(what, text, map=ways)
        assert report.notes == []
        assert report.bad == 0, report.faults
    kept = desk.kept("candidates", "C1")
    assert (kept["stage"], kept["locale"], kept["owner"]) == ("interview_passed", "zh", "HR1")
    assert desk.kept("staff", "HR1")["role"] == "recruiter"
    assert desk.kept("cohorts", "K1")["date_state"] == "planned"


def test_values_that_a_map_does_not_know_are_read_as_they_are(desk: Office) -> None:
    path = desk.folder / "map.yaml"
    path.write_text("stage: {header: 状态, values: {已过面试: interview_passed}}\n姓名: name\n")
    text = "code,姓名,phone,状态\nC1,王,13812345678, 已过面试 \nC2,李,13812345679,joined\nC3,张,13812345680,在途\n"
    report = desk.hand_in("candidates", text, map=path)
    assert (report.created, report.bad) == (2, 1)
    assert desk.errors()[0]["error"].startswith("stage: '在途' is no stage")


def test_only_the_first_faults_are_told_one_by_one(desk: Office) -> None:
    rows = "".join(f"C{number},王,12\n" for number in range(25))
    report = desk.hand_in("candidates", f"code,name,phone\n{rows}")
    assert (report.bad, len(report.faults)) == (25, 20)


def test_where_no_file_of_bad_rows_can_be_written_it_says_so(desk: Office) -> None:
    (desk.folder / "file.csv.errors.csv").mkdir()
    with pytest.raises(UnusableFile, match=r"file\.csv\.errors\.csv: cannot be written"):
        desk.hand_in("candidates", "code,name,phone\nC1,王,12\n")
