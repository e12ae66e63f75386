"""Reviews: durable tickets, who may decide, and asking at once. It sees protected text only, and knows no wire."""
