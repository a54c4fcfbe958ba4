"""What every layer may use: settings, JSON, extensions, imports on use, warnings, the bridge to coroutines."""
