"""govai in notebooks: `%load_ext govai`, `%govai`, the card under a cell. `import govai` never imports it."""
