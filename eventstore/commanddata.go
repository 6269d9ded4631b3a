package eventstore

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/partnerledger/partnerledger/domain"
	"github.com/partnerledger/partnerledger/domain/vocabulary"
)

// ErrNoCommandData says that an event doesn't keep its command: another event of that command does, or it
// was recorded before commands were kept.
var ErrNoCommandData = errors.New("the event doesn't keep its command's data")

// withheld stands for a personal text that was said but isn't kept.
const withheld = "withheld"

// commandPlace is where a command's texts are bound to: no field of an event begins like that, so that a
// text can't be moved from a command to a field.
const commandPlace = "/$command"

// personalCommands are the types of commands that have personal texts.
var personalCommands = func() map[string]bool {
	all := map[string]bool{}
	for _, c := range vocabulary.Commands() {
		all[c.CommandType()] = hasTexts(reflect.TypeOf(c))
	}
	return all
}()

// encodeCommand gives a command's data in the form of the vocabulary, with personal texts sealed like
// those of events, or null in their place.
func (c *Codec) encodeCommand(id uuid.UUID, command domain.Command, withhold bool) (data jsontext.Value, err error) {
	if personalCommands[command.CommandType()] {
		about, _ := command.(domain.Personable)
		data, err = c.texts.marshal(command, textRun{sealer: c.sealer, name: id.String() + commandPlace, about: about, withhold: withhold})
	} else {
		data, err = json.Marshal(command)
	}
	if err != nil {
		return nil, fmt.Errorf("keep the data of %s: %w", command.CommandType(), err)
	}
	return data, nil
}

// DecodeCommand reads the command that the event keeps. A personal text that isn't kept, or whose subject
// was forgotten, is not empty and reveals nothing. An event that keeps no command gives ErrNoCommandData.
func (c *Codec) DecodeCommand(r Recorded, meta Metadata) (domain.Command, error) {
	if meta.Command.Data == nil {
		return nil, ErrNoCommandData
	}
	example, known := vocabulary.KeptNamed(meta.Command.Type)
	if !known {
		return nil, fmt.Errorf("command of event %s: there is no command %q", r.ID, meta.Command.Type)
	}
	target := reflect.New(reflect.TypeOf(example))
	var err error
	if personalCommands[meta.Command.Type] {
		err = c.texts.unmarshal(meta.Command.Data, target.Interface(), textRun{sealer: c.sealer, name: r.ID.String() + commandPlace, gaps: true})
	} else {
		err = json.Unmarshal(meta.Command.Data, target.Interface(), json.RejectUnknownMembers(true))
	}
	if err != nil {
		return nil, fmt.Errorf("command of event %s (position %d): %w", r.ID, r.Position, err)
	}
	return target.Elem().Interface().(domain.Command), nil
}

// Withheld tells whether a text was said in a command but isn't kept.
func Withheld(p domain.Personal) bool { return p.Sealed() == withheld }
