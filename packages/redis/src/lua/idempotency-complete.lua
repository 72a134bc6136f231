-- KEYS: the record. ARGV: owner, fence, state, '1' if there is a payload, the payload, ttl (milliseconds).
-- Returns 'stored', 'already', 'stale' or 'gone'.
return idempotency.settle(KEYS[1], idempotency.read(KEYS[1]), ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6])
