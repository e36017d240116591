// The same properties, three times as often.
import './map-event-rules.test';
