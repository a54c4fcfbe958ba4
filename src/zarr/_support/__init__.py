"""What every layer may use: settings, JSON, extensions, imports on use, warnings, forks, signals, the bridge to coroutines."""
