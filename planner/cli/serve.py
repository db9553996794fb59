"""`planner serve`."""

from __future__ import annotations

import gc
from pathlib import Path

import click

from planner.cli.declared_options import verb
from planner.cli.options import data_dir_option, option, tell, write_notes
from planner.errors import UsageError
from planner.prices.damaged import damaged_books
from planner.results.answer import damaged_text

PORT = 8765


@verb()
@option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen at. Others than this machine's own are open to whoever reaches them.",
)
@option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="Port to listen at; 0 takes any that is free.",
)
@option("--open/--no-open", "is_opened", default=False, help="Open the page in a browser. Default: print its address.")
@data_dir_option
def serve(*, host: str, port: int, is_opened: bool, data_dir: Path | None) -> None:
    """A local page and JSON API: choose model, GPUs and limits, move sliders, share the address.

    Read-only, for this machine only, nothing is fetched from elsewhere. Ctrl+C ends it.

    \b
    Examples:
      planner serve
      planner serve --port 0 --open
      planner serve --data-dir /srv/prices
    """
    # what is wrong with the books is said here, not only to the first who asks
    write_notes(damaged_text(damaged_books(data_dir)))
    gc.disable()  # hardly anything of a start is garbage: searches for it would take a tenth of the time
    try:
        from planner.web.server import address_of, listening_socket  # noqa: PLC0415 - 60 MB, and only this command needs it
        from planner.web.server import serve as run_server  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name not in ("fastapi", "uvicorn", "starlette", "pydantic", "vl_convert"):
            raise
        raise UsageError("The local page needs the extra serve: pip install 'gpu-cost-planner[serve]'") from error
    listening = listening_socket(host, port)
    address = address_of(listening, host)

    def ready() -> None:
        gc.freeze()  # tables stay: a search for cycles would go through them in vain
        gc.set_threshold(10_000, 10, 10)  # of a day of questions garbage grows old too
        gc.enable()
        click.echo(address)
        tell("Serving until Ctrl+C.")
        if is_opened:
            import webbrowser  # noqa: PLC0415

            webbrowser.open(address)

    run_server(listening, host=host, data_dir=data_dir, when_ready=ready)
