-- Forgets an instance. KEYS: the instances. ARGV: instance.
redis.call('HDEL', KEYS[1], ARGV[1])
