-- Circuits that instances share. All functions are in one table.
--
-- A breaker is one hash. Field 'm' .. instance: until when it counts as alive, and the number of its last request. Field 'c' .. key: a circuit,
-- packed: its version, 1, epoch, successes, when it was heard of last, reports (by instance: when its opening is over), trials (by id: when
-- the lease is over), and the last command: kind, argument, end; '' for none. Times are milliseconds since 1970 by the clock of this server.
local breakers = {}

-- A circuit nobody has spoken of for a day is forgotten, and a breaker.
breakers.forgetAfter = 86400000

function breakers.now()
  local time = redis.call('TIME')
  return time[1] * 1000 + time[2] / 1000
end

function breakers.unknown()
  return { epoch = 0, successes = 0, heardAt = 0, reports = {}, trials = {}, kind = '', argument = '', till = 0 }
end

function breakers.unpack(text)
  local version, epoch, successes, heardAt, reports, trials, kind, argument, till = cmsgpack.unpack(text)
  if version ~= 1 then error('not a circuit that this version can read') end
  return {
    epoch = epoch,
    successes = successes,
    heardAt = heardAt,
    reports = reports,
    trials = trials,
    kind = kind,
    argument = argument,
    till = till,
  }
end

function breakers.write(hash, key, circuit)
  local text = cmsgpack.pack(
    1, circuit.epoch, circuit.successes, circuit.heardAt, circuit.reports, circuit.trials, circuit.kind,
    circuit.argument, circuit.till
  )
  redis.call('HSET', hash, 'c' .. key, text)
  redis.call('PEXPIRE', hash, breakers.forgetAfter)
end

-- Takes away what is over. Says whether there was any.
function breakers.expire(circuit, now)
  local changed = false
  for id, till in pairs(circuit.trials) do
    if till <= now then
      circuit.trials[id] = nil
      changed = true
    end
  end
  if circuit.kind == 'trip' and circuit.till <= now then
    circuit.kind, circuit.argument = '', ''
    changed = true
  end
  return changed
end

-- One circuit, new if there is none.
function breakers.read(hash, key, now)
  local text = redis.call('HGET', hash, 'c' .. key)
  local circuit = text and breakers.unpack(text) or breakers.unknown()
  if circuit.heardAt + breakers.forgetAfter <= now then return breakers.unknown() end
  breakers.expire(circuit, now)
  return circuit
end

-- Tells those who listen that there is something new.
function breakers.hint(hash)
  redis.call('PUBLISH', hash, '')
end
