"""MCP servers that the lessons talk to."""
