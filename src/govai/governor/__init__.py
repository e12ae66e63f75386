"""The governor: what people create, call, bind and close. It assembles the floors below and decides nothing itself."""
