"""The file that names tool servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from bus.errors import ConfigurationError
from services.dialogue.tools.configuration import ToolServer, read_tool_servers


def test_servers_are_commands_or_urls(tmp_path: Path) -> None:
    file = tmp_path / "tools.json"
    file.write_text(
        '{"mcpServers": {"a": {"command": "x", "args": ["y"], "env": {"K": 1}}, "b": {"url": "http://h/mcp"}}}'
    )
    assert read_tool_servers(str(file), find_module=lambda name: object()) == [
        ToolServer(name="a", command="x", args=("y",), env={"K": "1"}),
        ToolServer(name="b", url="http://h/mcp"),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"mcpServers": {}}', '{"mcpServers": {"a": {}}}', '{"mcpServers": {"a": "x"}}',
     '{"mcpServers": {"a": {"command": "x", "url": "y"}}}', '{"mcpServers": {"a": {"command": "x", "args": "y"}}}'],
)  # fmt: skip
def test_a_file_of_another_shape_is_a_configuration_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "tools.json"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match="VISAVIS_TOOLS"):
        read_tool_servers(str(file), find_module=lambda name: object())


def test_a_missing_file_and_a_missing_package_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        read_tool_servers(str(tmp_path / "absent"), find_module=lambda name: object())
    with pytest.raises(ConfigurationError, match="tools"):
        read_tool_servers(str(tmp_path / "absent"), find_module=lambda name: None)
