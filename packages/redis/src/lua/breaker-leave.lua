-- Forgets that an instance is alive. KEYS: the breaker. ARGV: instance, whether others are told (1 or 0).
redis.call('HDEL', KEYS[1], 'm' .. ARGV[1])
if ARGV[2] == '1' then breakers.hint(KEYS[1]) end
