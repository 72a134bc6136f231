-- Grants a trial unless so many others run.
-- KEYS: the breaker. ARGV: key, id, lease (milliseconds), limit. Returns 1 or 0, and the epoch.
local hash, key, id, limit = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[4])
local now = breakers.now()
local circuit = breakers.read(hash, key, now)
local running = 0
for _ in pairs(circuit.trials) do running = running + 1 end
if not circuit.trials[id] and running >= limit then return { 0, circuit.epoch } end
circuit.trials[id] = now + tonumber(ARGV[3])
circuit.heardAt = now
breakers.write(hash, key, circuit)
return { 1, circuit.epoch }
