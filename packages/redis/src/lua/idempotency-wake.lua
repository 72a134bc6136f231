-- Wakes those who wait for a key. A server that does not let us publish changes nothing else.
function idempotency.wake(key)
  redis.pcall('PUBLISH', key, '')
end
