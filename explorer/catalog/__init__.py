"""What people are told: names, colors, cards, subjects and printed tables; no torch."""
