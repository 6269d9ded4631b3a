//go:build !unix

package audit

import (
	"errors"
	"fmt"
	"os"
)

// lockFile refuses: without a lock that dies with its process the notary cannot promise a single writer.
func lockFile(f *os.File) error {
	return fmt.Errorf("lock %s: %w", f.Name(), errors.ErrUnsupported)
}
