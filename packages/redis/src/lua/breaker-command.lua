-- Begins a new epoch, in which an operator's word holds.
-- KEYS: the breaker. ARGV: key, kind, argument, whether others are told (1 or 0). Returns the epoch.
local hash, key, kind = KEYS[1], ARGV[1], ARGV[2]
local now = breakers.now()
local before = breakers.read(hash, key, now)
local circuit = breakers.unknown()
circuit.epoch, circuit.trials, circuit.heardAt = before.epoch + 1, before.trials, now
circuit.kind, circuit.argument = kind, ARGV[3]
if kind == 'trip' then circuit.till = now + tonumber(ARGV[3]) end
breakers.expire(circuit, now)
breakers.write(hash, key, circuit)
if ARGV[4] == '1' then breakers.hint(hash) end
return circuit.epoch
