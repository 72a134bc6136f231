-- Ends a trial, and begins a new epoch if it completes the recovery.
-- KEYS: the breaker. ARGV: key, id, epoch, outcome, successes needed (0 where it counts for its own instance alone), whether others are
-- told (1 or 0). Returns the epoch.
local hash, key, id, needed = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[5])
local now = breakers.now()
local circuit = breakers.read(hash, key, now)
if not circuit.trials[id] then return circuit.epoch end
circuit.trials[id] = nil
circuit.heardAt = now
local recovered = false
if needed > 0 and tonumber(ARGV[3]) == circuit.epoch and ARGV[4] ~= 'neutral' then
  circuit.successes = ARGV[4] == 'success' and circuit.successes + 1 or 0
  if circuit.successes >= needed then
    recovered = true
    circuit.epoch, circuit.successes, circuit.reports = circuit.epoch + 1, 0, {}
    if circuit.kind ~= 'isolate' then
      circuit.kind, circuit.argument = '', ''
    end
  end
end
breakers.write(hash, key, circuit)
if recovered and ARGV[6] == '1' then breakers.hint(hash) end
return circuit.epoch
