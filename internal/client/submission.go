package client

import (
	"crypto/sha256"
	"fmt"
	"io"

	"github.com/google/uuid"
)

// SubmissionOf names a file's submission by its content, and goes back to its beginning: the same file
// is the same submission, whatever it is called and however often it is sent.
func SubmissionOf(file io.ReadSeeker) (string, error) {
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", fmt.Errorf("read the file: %w", err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("read the file again: %w", err)
	}
	return uuid.NewSHA1(uuid.NameSpaceOID, hash.Sum(nil)).String(), nil
}

// RandomSubmission names a submission whose content isn't known beforehand.
func RandomSubmission() string { return uuid.NewString() }
