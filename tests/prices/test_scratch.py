"""The folder of a refresh among the temporary files, beside those of others that come and go."""

from pathlib import Path

from planner.prices.scratch import scratch_folder


def test_a_folder_that_another_process_takes_away_meanwhile_is_passed_over(tmp_path, monkeypatch):
    """One that is listed may be renamed or gone before it is looked at: that is its owner's business."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    listed = Path.glob
    monkeypatch.setattr(
        Path, "glob", lambda place, pattern: [*listed(place, pattern), place / pattern.replace("*", "gone")]
    )

    with scratch_folder() as folder:
        assert folder.parent == tmp_path

    assert [] == list(tmp_path.iterdir())
