package evidence

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"

	"github.com/partnerledger/partnerledger/internal/audit/proof"
)

// The pages are made of what is proven, in one way; so who checks makes them again and compares. Their
// form is frozen: an older bundle has to verify with a newer program.

//go:embed index.html
var pageSource string

//go:embed README.txt
var readme []byte

// decode gives the events to read: the same JSON without what only machines need. What isn't JSON stays
// in base64. Personal texts are sealed, as they are stored.
func decode(events []proof.Event) ([]byte, error) {
	var text bytes.Buffer
	for _, e := range events {
		data, err := readable(e.Data)
		if err != nil {
			return nil, err
		}
		metadata, err := readable(e.Metadata)
		if err != nil {
			return nil, err
		}
		names, err := json.Marshal([]string{e.Stream, e.Type, e.ID})
		if err != nil {
			return nil, fmt.Errorf("event %d: %w", e.Seq, err)
		}
		var quoted []json.RawMessage
		if err := json.Unmarshal(names, &quoted); err != nil {
			return nil, fmt.Errorf("event %d: %w", e.Seq, err)
		}
		fmt.Fprintf(&text, `{"seq":%d,"stream":%s,"revision":%d,"type":%s,"id":%s,"data":%s,"metadata":%s}`+"\n",
			e.Seq, quoted[0], e.Revision, quoted[1], quoted[2], data, metadata)
	}
	return text.Bytes(), nil
}

func readable(raw []byte) ([]byte, error) {
	var text bytes.Buffer
	if json.Compact(&text, raw) == nil {
		return text.Bytes(), nil
	}
	return json.Marshal(raw)
}

type pageRow struct {
	Seq                              uint64
	At, By, Type, Stream, Data, Meta string
}

// page is the page that a person reads.
func page(c proof.Checkpoint, old *proof.Checkpoint, asked string, events []proof.Event) ([]byte, error) {
	t, err := template.New("page").Parse(pageSource)
	if err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	shown := struct {
		Origin, Root, Asked string
		Size                int64
		Old                 *proof.Checkpoint
		Rows                []pageRow
		Seals               []Seal
	}{c.Origin, c.Root.String(), asked, c.Size, old, nil, sealsOf(events)}
	for _, e := range events {
		row := pageRow{Seq: e.Seq, Type: e.Type, Stream: e.Stream, Data: indented(e.Data), Meta: indented(e.Metadata)}
		var meta struct {
			At    string
			Actor struct{ UserPrincipalName string }
		}
		if json.Unmarshal(e.Metadata, &meta) == nil {
			row.At, row.By = meta.At, meta.Actor.UserPrincipalName
		}
		shown.Rows = append(shown.Rows, row)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, shown); err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	return out.Bytes(), nil
}

func indented(raw []byte) string {
	var text bytes.Buffer
	if json.Indent(&text, raw, "", "  ") == nil {
		return text.String()
	}
	return string(raw)
}

// pages adds everything that is made of the rest.
func (b Bundle) pages(c proof.Checkpoint, old *proof.Checkpoint, events []proof.Event) (err error) {
	if b[decodedFile], err = decode(events); err != nil {
		return err
	}
	b[readmeFile] = readme
	b[pageFile], err = page(c, old, string(b[askedFile]), events)
	return err
}
