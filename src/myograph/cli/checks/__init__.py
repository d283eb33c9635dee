"""What `myograph doctor` looks at. Nothing that it does lasts."""
