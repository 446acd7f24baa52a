import type { Decide } from './decide.ts'
import type { Elements } from './filter-answer.ts'
import { labelsOf, memberOf, textOf } from './plain.ts'
import type { Sight } from './sight.ts'

/** ServiceList: the owner's services. */
export function serviceList(sight: Sight): Elements {
  return { elements: bySpec((id, labels) => sight.service(id, labels)) }
}

/** SecretList: the owner's secrets. */
export function secretList(sight: Sight): Elements {
  return { elements: bySpec((id, labels) => sight.secret(id, labels)) }
}

/** ConfigList: the owner's configs. */
export function configList(sight: Sight): Elements {
  return { elements: bySpec((id, labels) => sight.config(id, labels)) }
}

function bySpec(see: Sight['service']): Decide {
  return (item) => see(textOf(item, 'ID'), labelsOf(memberOf(item, 'Spec'), 'Labels'))
}

/**
 * TaskList: the tasks of the owner's services. A task's own labels are empty; the service's labels are not in it, those of
 * its containers are. A task without a service attaches a container to a swarm's network, and is the engine's affair.
 */
export function taskList(sight: Sight): Elements {
  return {
    elements: (item) => {
      const service = textOf(item, 'ServiceID')
      if (service === '') return false
      const container = memberOf(memberOf(item, 'Spec'), 'ContainerSpec')
      return sight.task(textOf(item, 'ID'), service, labelsOf(container, 'Labels'))
    },
  }
}
