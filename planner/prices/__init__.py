"""Price books on disk: dated snapshots, the catalogue over them, checks and history."""
