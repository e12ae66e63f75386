"""The ground floor: the words all other floors share. It imports nothing of govai but itself."""
