-- Ends the override. KEYS: the override.
redis.call('DEL', KEYS[1])
