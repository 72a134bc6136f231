-- Settles the record of a grant: 'stored', 'already', 'stale' or 'gone'. Nothing has changed unless it was stored.
-- `record`: what `idempotency.read` said. `kept`: '1' if there is a payload. `ttl`: whole milliseconds, at least 1.
function idempotency.settle(key, record, owner, fence, state, kept, payload, ttl)
  if not record then return 'gone' end
  if not idempotency.holds(record, owner, fence) then return 'stale' end
  if record.state ~= 'inFlight' then return 'already' end
  record.state = state
  record.payload = kept == '1' and payload
  idempotency.write(key, record, ttl)
  idempotency.wake(key)
  return 'stored'
end
