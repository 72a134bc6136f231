-- Keeps what an instance reports, and answers what is known from all others.
-- KEYS: the breaker. ARGV: instance, number of the request, ttl (milliseconds), whether others are told (1 or 0), then for each
-- report: key, epoch, how long it stays open ('' if it is well).
-- Returns how many others are alive, then for each circuit: key, epoch, how many reports are from instances that have ended, kind and
-- argument of the last command ('' for none), and the reports.
local hash, instance, sequence, ttl = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local now = breakers.now()

local members, circuits, gone = {}, {}, {}
local all = redis.call('HGETALL', hash)
for i = 1, #all, 2 do
  local kind, name = string.sub(all[i], 1, 1), string.sub(all[i], 2)
  if kind == 'm' then
    local till, last = string.match(all[i + 1], '^(%S+) (%S+)$')
    if tonumber(till) > now then members[name] = tonumber(last) else gone[#gone + 1] = all[i] end
  else
    circuits[name] = breakers.unpack(all[i + 1])
  end
end

local said = {}
for i = 5, #ARGV, 3 do
  said[ARGV[i]] = { epoch = tonumber(ARGV[i + 1]), openFor = tonumber(ARGV[i + 2]) }
  circuits[ARGV[i]] = circuits[ARGV[i]] or breakers.unknown()
end

-- A request that comes late changes nothing.
local counts = (members[instance] or 0) < sequence
local changed = false
for name, circuit in pairs(circuits) do
  local dirty = breakers.expire(circuit, now)
  local report = said[name]
  if circuit.heardAt + breakers.forgetAfter <= now and not report then
    gone[#gone + 1] = 'c' .. name
    circuits[name] = nil
  else
    for id, till in pairs(circuit.reports) do
      if not members[id] and till <= now then
        circuit.reports[id] = nil
        dirty = true
      end
    end
    if counts then
      local before = circuit.reports[instance]
      if report and report.epoch > circuit.epoch then
        local trials = circuit.trials
        circuit = breakers.unknown()
        circuit.epoch, circuit.trials = report.epoch, trials
        circuits[name] = circuit
        changed, dirty = true, true
      end
      local after = nil
      if report and report.openFor and report.epoch == circuit.epoch then after = now + report.openFor end
      circuit.reports[instance] = after
      if before or after then dirty = true end
      if (before == nil) ~= (after == nil) then changed = true end
      if report and now - circuit.heardAt > 60000 then
        circuit.heardAt = now
        dirty = true
      end
      if dirty then breakers.write(hash, name, circuit) end
    end
  end
end

if counts then
  redis.call('HSET', hash, 'm' .. instance, string.format('%.3f %d', now + ttl, sequence))
  redis.call('PEXPIRE', hash, breakers.forgetAfter)
  members[instance] = sequence
  for i = 1, #gone, 500 do
    redis.call('HDEL', hash, unpack(gone, i, math.min(i + 499, #gone)))
  end
  if changed and ARGV[4] == '1' then breakers.hint(hash) end
end

local others = 0
for id in pairs(members) do
  if id ~= instance then others = others + 1 end
end
local answer = { others }
for name, circuit in pairs(circuits) do
  local argument = circuit.argument
  if circuit.kind == 'trip' then argument = string.format('%.3f', circuit.till - now) end
  local view = { name, circuit.epoch, 0, circuit.kind, argument }
  for id, till in pairs(circuit.reports) do
    if id ~= instance then
      view[#view + 1] = string.format('%.3f', math.max(0, till - now))
      if not members[id] then view[3] = view[3] + 1 end
    end
  end
  answer[#answer + 1] = view
end
return answer
