"""The tools of `planner.cli.agent_tools` over standard input and output, with the official SDK of the protocol."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import redirect_stdout
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from mcp.server import Server, ServerRequestContext
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)

from planner.cli.agent_lines import Answers, Questions
from planner.cli.agent_tools import TOOLS, AgentTool, answer
from planner.errors import PlannerError, UnknownNameError
from planner.render.listing import to_json

INSTRUCTIONS = (
    "Time and cost of training runs on rented GPUs, from measured throughput and dated prices that ship with the tool. "
    "Every figure has a basis (measured, scaled, modelled), a range and the age of its price: pass them on. "
    "Prices are observations of their day; what is missing is left out and counted, never 0. "
    "Times are in seconds in the structured result and in hours in the text; money is USD for the whole run."
)


def serve(data_dir: Path | None) -> None:
    """Answer requests until standard input ends; `data_dir` holds the user's own price books."""
    # a signal ends the process at once: a thread waits for the next line and would hold it, and nothing is left undone
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_DFL)
    try:
        anyio.run(partial(_serve, data_dir))
    except* (
        OSError,
        PlannerError,
    ) as group:  # nobody takes the answers, there is no room for them, or no question comes
        raise _first_of(group) from None


def _first_of(group: BaseException) -> BaseException:
    return _first_of(group.exceptions[0]) if isinstance(group, BaseExceptionGroup) else group


async def _serve(data_dir: Path | None) -> None:
    one_at_a_time = anyio.CapacityLimiter(1)  # an answer takes one core; more would only make all of them late

    async def list_tools(
        _context: ServerRequestContext[Any], _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return ListToolsResult(tools=[_described(tool) for tool in TOOLS.values()])

    async def call_tool(_context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        call = partial(_result, params.name, params.arguments or {}, data_dir)
        return await anyio.to_thread.run_sync(call, limiter=one_at_a_time)

    server: Server[Any] = Server(
        "gpu-cost-planner",
        version=version("gpu-cost-planner"),
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    # what anything prints is no answer
    output = sys.stdout.buffer
    with anyio.CancelScope() as scope, redirect_stdout(sys.stderr):
        answers = Answers(output, scope)
        questions = Questions(sys.stdin.fileno(), answers)
        await server.run(questions, answers, server.create_initialization_options())
    if answers.failure is not None:
        raise answers.failure


def _described(tool: AgentTool) -> Tool:
    return Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.input_schema(),
        output_schema=tool.output_schema(),
        annotations=ToolAnnotations(
            title=tool.title, read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
        ),
    )


def _result(name: str, arguments: dict[str, Any], data_dir: Path | None) -> CallToolResult:
    """The answer, or an error in the arguments of the tool that the agent can read and act on."""
    try:
        text, document = answer(_tool(name), arguments, data_dir)
        # through JSON and back: what is sent is what the command line writes
        structured = json.loads(to_json(document))
    except PlannerError as error:
        return _error(str(error))
    except Exception as error:  # noqa: BLE001 - a bug must not end the session, and the agent must hear of it
        return _error(f"This is a bug in planner: {error!r}.")
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=structured)


def _tool(name: str) -> AgentTool:
    if name not in TOOLS:
        raise UnknownNameError("tool", name, TOOLS, "tools/list")
    return TOOLS[name]


def _error(message: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=message)], is_error=True)
