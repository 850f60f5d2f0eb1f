package licensing

import "anlan/internal/web"

// Publisher passes an event to the pages that listen to a topic.
type Publisher interface {
	Publish(topic string, data any)
}

// queueTopic says that some case has moved from one desk or hand to another.
// It carries nothing: an open list offers to look again, within the reader's
// own scope.
const queueTopic = "licensing.queue"

// Topics are the live updates of this room.
func (h *Pages) Topics() []web.Topic {
	return []web.Topic{{Prefix: queueTopic, Allow: func(r *web.Request, _ string) (bool, error) { return r.Can(PermRead), nil }}}
}
