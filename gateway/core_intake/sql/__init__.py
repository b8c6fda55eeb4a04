"""The embedded intake's SQL: numbered migrations, and its statements by name."""
